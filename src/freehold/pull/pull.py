"""From the facts of a database to a module of models, and what they leave open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Final

from freehold.catalog import Fact, Key, Kind, Snapshot, apart
from freehold.migrations.context import grant_subject
from freehold.migrations.operation import Phase
from freehold.migrations.plan import plan
from freehold.migrations.rules.name import qualified
from freehold.policies import quote_identifier
from freehold.pull.call import comment, enclosed, literal
from freehold.pull.choice import domain_types, enum_types, spellings
from freehold.pull.default import sequence_of
from freehold.pull.model import Model, Surroundings, model_of, obstacle
from freehold.pull.name import class_names
from freehold.pull.ownership import ownership
from freehold.pull.remark import Remark
from freehold.pull.sealing import is_keyring, sealed_columns
from freehold.pull.source import module
from freehold.pull.table import Table, tables_of

_OF_TABLE: Final = (Kind.TABLE, Kind.COLUMN, Kind.CONSTRAINT, Kind.INDEX, Kind.POLICY, Kind.TRIGGER)
_LONGEST: Final = 120
_DEFINED: Final = (Kind.INDEX, Kind.CONSTRAINT)
_WITHOUT_WORD: Final = (Kind.VIEW, Kind.FUNCTION, Kind.COMMENT, Kind.DOMAIN)
_GRANTED: Final = ("schema", "enum", "domain", "view", "function", "sequence")
_ON_TABLE: Final = ("table", "column", "table column", "table constraint", "policy", "trigger")


@dataclass(frozen=True)
class Pulled:
    """``source``: a module of models. ``tables``: their names. ``tools``: whose bookkeeping was left alone."""

    source: str
    tables: tuple[str, ...]
    remarks: tuple[Remark, ...]
    tools: tuple[str, ...]


def pull(facts: Snapshot, database: str) -> Pulled:
    """The models of all tables that are the application's. ``database``: what the module's docstring calls it."""
    told = apart(facts)
    remarks = [
        Remark(fact.name, "lost", "is of a kind that migrations cannot make") for fact in told.own.of(Kind.OTHER)
    ]
    tables = _told(told.own)
    owners = ownership(tables)
    possible: dict[Key, Table] = {}
    whole = set[Key]()
    for key, table in tables.items():
        why = obstacle(table, owners.get(key))
        if why is None:
            possible[key] = table
        elif table.fact.text("kind") == "foreign":
            remarks.append(Remark(table.fact.name, "lost", why))
        else:
            whole.add(key)
            remarks.append(_kept_whole(table, why))
    names = class_names(possible)
    around = Surroundings(possible, owners, names, enum_types(told.own), domain_types(told.own))
    models = _models(around)
    remarks += _unreachable(told.own, models)
    first, last = _statements(_shut(told.own, whole), models, whole, remarks)
    remarks += [remark for model in models for remark in model.remarks]
    columns = {column for model in models for column in model.table.columns}
    lost = [remark for remark in remarks if remark.kind == "lost"]
    body = "\n\n\n".join(
        [*_comments(lost), *_block(first), *(model.source.rstrip() for model in models), *_block(last)]
    )
    text = module(_docstring(database, remarks), body, columns)
    return Pulled(text, tuple(model.table.name for model in models), tuple(remarks), told.tools)


def _told(facts: Snapshot) -> dict[Key, Table]:
    """The tables that models are told of: none that sealed columns bring with them."""
    tables = tables_of(facts)
    sealed = any(sealed_columns(table) for table in tables.values())
    return {key: table for key, table in tables.items() if not (sealed and is_keyring(table))}


def _kept_whole(table: Table, why: str) -> Remark:
    shut = "" if table.guarded else "; nothing says whose its rows are, so it is shut to everybody but the service"
    return Remark(table.fact.name, "decide", f"{why}: it is kept as SQL{shut}")


def _unreachable(facts: Snapshot, models: Sequence[Model]) -> Iterator[Remark]:
    """Schemas that callers may not use: grants on the tables in them reach nobody."""
    for fact in facts.of(Kind.SCHEMA):
        used = fact.key != ("public",) and any(model.table.key[0] == fact.key[0] for model in models)
        if used and (Kind.GRANT, ("schema", fact.key[0], "", "", "authenticated", "USAGE")) not in facts:
            line = f"GRANT USAGE ON SCHEMA {qualified(*fact.key)} TO authenticated, service_role"
            words = f"callers may not use it, whatever its tables grant: sql({literal(line)}, Model.metadata)"
            yield Remark(fact.name, "decide", words)


def _shut(facts: Snapshot, tables: AbstractSet[Key]) -> Snapshot:
    """The facts with row security for ``tables``: what nobody guards is not granted to anybody."""
    closed = {"row_security": True, "forced": True}
    return Snapshot(
        Fact.of(fact.kind, fact.key, {**dict(fact.attributes), **closed}, fact.rank, fact.requires)
        if fact.kind is Kind.TABLE and fact.key in tables
        else fact
        for fact in facts.facts
    )


def _docstring(database: str, remarks: Sequence[Remark]) -> str:
    kept = sum(remark.kind == "lost" for remark in remarks)
    text = f"The tables of {database}, as freehold pull found them.\n"
    text += "\nComments say what the database left undecided, and what is proposed instead.\n"
    return text + (f"{kept} things that models cannot say are listed below.\n" if kept else "")


def _block(calls: Sequence[str]) -> list[str]:
    return ["\n".join(calls)] if calls else []


def _comments(lost: Sequence[Remark]) -> list[str]:
    lines = [comment(f"{remark}.") for remark in lost]
    return ["\n".join(["# Not in these models:", *lines])] if lines else []


def _models(around: Surroundings) -> list[Model]:
    """Models behind those they name. Where tables refer to each other in a circle, one reference is made behind them."""
    while True:
        known = {model.table.key: model for model in (model_of(table, around) for table in around.tables.values())}
        graph = {key: sorted(known[key].needs & known.keys()) for key in sorted(known)}
        try:
            return [known[key] for key in TopologicalSorter(graph).static_order()]
        except CycleError as error:
            target, table = error.args[1][:2]
            around.circular.add((table, target))


def _statements(
    facts: Snapshot, models: Sequence[Model], tables: AbstractSet[Key], remarks: list[Remark]
) -> tuple[list[str], list[str]]:
    """What stays SQL, before the tables and after them, as the planner of migrations would make it.

    ``tables``: those that are no models.
    """
    modelled = {model.table.key for model in models}
    there = Snapshot(fact for fact in facts.facts if _expected(fact, modelled | tables))
    kept = {fact.identity for model in models for fact in model.kept}
    kept |= {fact.identity for fact in there.facts if _of_table(fact) in tables or _is_sql(fact, there, models)}
    late = {each for each in kept if each[0] in _DEFINED and each[1][:2] not in tables}
    whole = Snapshot(fact for fact in there.facts if fact.identity not in late)
    without = Snapshot(fact for fact in whole.facts if fact.identity not in kept)
    up = plan(without, whole, allow_blocking=True).up
    defined = [_defined(there[each]) for each in sorted(late)]
    shown = {Kind.VIEW, Kind.FUNCTION, Kind.TRIGGER}
    remarks += [
        Remark(fact.name, "decide", "is kept as SQL")
        for fact in there.facts
        if fact.identity in kept and fact.kind in shown
    ]
    first = [_sql(operation.sql, first=True) for operation in up if operation.phase <= Phase.FUNCTION]
    made = [operation.sql for operation in up if operation.phase is Phase.TABLE]
    last = [operation.sql for operation in up if operation.phase > Phase.TABLE]
    return first, [_sql(statement, first=False) for statement in (*made, *defined, *last)]


def _defined(fact: Fact) -> str:
    """An index or a constraint, as PostgreSQL words it."""
    if fact.kind is Kind.INDEX:
        return fact.text("definition")
    table, name = qualified(*fact.key[:2]), quote_identifier(fact.key[2])
    return f"ALTER TABLE {table} ADD CONSTRAINT {name} {fact.text('definition')}"


def _expected(fact: Fact, tables: AbstractSet[Key]) -> bool:
    """Whether a fact stays: of ``tables``, or of no table."""
    table = _of_table(fact)
    return fact.kind is not Kind.OTHER and (table is None or table in tables)


def _of_table(fact: Fact) -> Key | None:
    """The table that a fact is a part of."""
    if fact.kind in {Kind.GRANT, Kind.COMMENT}:
        return fact.key[1:3] if fact.key[0] in _ON_TABLE else None
    return fact.key[:2] if fact.kind in _OF_TABLE else None


def _is_sql(fact: Fact, facts: Snapshot, models: Sequence[Model]) -> bool:
    """Whether models have no word for it."""
    if fact.kind in _WITHOUT_WORD:
        return True
    if fact.kind is Kind.SCHEMA:
        return fact.key != ("public",)
    if fact.kind is Kind.ENUM:
        used = {column.text("type") for model in models for column in model.table.columns.values()}
        return used.isdisjoint(spellings(fact))
    if fact.kind is Kind.TRIGGER:
        return "EXECUTE FUNCTION freehold.set_updated_at(" not in fact.text("definition")
    if fact.kind is Kind.SEQUENCE:
        return fact.key not in {sequence_of(column) for model in models for column in _keys(model.table)}
    if fact.kind is Kind.GRANT and fact.key[0] in _GRANTED:
        if fact.key[0] in {"schema", "enum"}:
            return _is_sql(facts[grant_subject(fact.key)], facts, models)
        return not (fact.key[0] == "sequence" and not _is_sql(facts[Kind.SEQUENCE, fact.key[1:3]], facts, models))
    return False


def _keys(table: Table) -> list[Fact]:
    return [table.columns[name] for name in table.primary_key]


def _sql(statement: str, *, first: bool) -> str:
    text = literal(statement)
    if "\n" in statement or len(text) > 90:
        body = statement.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
        unbroken = any(len(line) > _LONGEST for line in body.splitlines())
        ending = ",\n    first=True" if first else ""
        comma = ",  # noqa: E501" if unbroken else ","
        return f'sql(\n    """\n{body}\n"""{comma}\n    Model.metadata{ending},\n)'
    return enclosed("sql(", [text, "Model.metadata", *(["first=True"] if first else [])], ")")
