"""From the facts of a database to a module of models, and what they leave open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Final

from freehold.catalog import Fact, Key, Kind, Snapshot, apart
from freehold.migrations.operation import Phase
from freehold.migrations.plan import plan
from freehold.migrations.rules.name import qualified
from freehold.policies import quote_identifier
from freehold.pull.call import comment, enclosed, literal
from freehold.pull.choice import enum_types
from freehold.pull.default import sequence_of
from freehold.pull.model import Model, Surroundings, model_of, obstacle
from freehold.pull.name import class_names
from freehold.pull.ownership import ownership
from freehold.pull.remark import Remark
from freehold.pull.sealing import is_keyring, sealed_columns
from freehold.pull.source import module
from freehold.pull.table import Table, tables_of

_SCHEMA: Final = "public"
_OF_TABLE: Final = (Kind.TABLE, Kind.COLUMN, Kind.CONSTRAINT, Kind.INDEX, Kind.POLICY, Kind.TRIGGER)
_LONGEST: Final = 120
_DEFINED: Final = (Kind.INDEX, Kind.CONSTRAINT)
_WITHOUT_WORD: Final = (Kind.VIEW, Kind.FUNCTION, Kind.COMMENT)


@dataclass(frozen=True)
class Pulled:
    """``source``: a module of models. ``tables``: their names. ``tools``: whose bookkeeping was left alone."""

    source: str
    tables: tuple[str, ...]
    remarks: tuple[Remark, ...]
    tools: tuple[str, ...]


def pull(facts: Snapshot, database: str) -> Pulled:
    """The models of the tables in schema ``public``. ``database``: what the module's docstring calls it."""
    told = apart(facts)
    remarks = [
        Remark(fact.name, "lost", "is outside schema public")
        for fact in told.own.of(Kind.TABLE)
        if fact.key[0] != _SCHEMA
    ]
    remarks += [
        Remark(fact.name, "lost", "is of a kind that migrations cannot make") for fact in told.own.of(Kind.OTHER)
    ]
    tables = _told(told.own)
    owners = ownership(tables)
    possible: dict[Key, Table] = {}
    for key, table in tables.items():
        if why := obstacle(table, owners.get(key)):
            remarks.append(Remark(table.fact.name, "lost", why))
        else:
            possible[key] = table
    around = Surroundings(possible, owners, class_names(possible), enum_types(told.own, _SCHEMA))
    models = _models(around)
    first, last = _statements(told.own, models, remarks)
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
    tables = {key: table for key, table in tables_of(facts).items() if key[0] == _SCHEMA}
    sealed = any(sealed_columns(table) for table in tables.values())
    return {key: table for key, table in tables.items() if not (sealed and is_keyring(table))}


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


def _statements(facts: Snapshot, models: Sequence[Model], remarks: list[Remark]) -> tuple[list[str], list[str]]:
    """What stays SQL, before the tables and after them, as the planner of migrations would make it."""
    modelled = {model.table.key for model in models}
    there = Snapshot(fact for fact in facts.facts if _expected(fact, modelled))
    kept = {fact.identity for model in models for fact in model.kept}
    kept |= {fact.identity for fact in there.facts if _is_sql(fact, there, models)}
    whole = Snapshot(fact for fact in there.facts if fact.identity not in kept or fact.kind not in _DEFINED)
    without = Snapshot(fact for fact in whole.facts if fact.identity not in kept)
    up = plan(without, whole, allow_blocking=True).up
    defined = [_defined(fact) for fact in there.facts if fact.identity in kept and fact.kind in _DEFINED]
    shown = {Kind.VIEW, Kind.FUNCTION, Kind.TRIGGER}
    remarks += [
        Remark(fact.name, "decide", "is kept as SQL")
        for fact in there.facts
        if fact.identity in kept and fact.kind in shown
    ]
    first = [_sql(operation.sql, first=True) for operation in up if operation.phase <= Phase.FUNCTION]
    last = [*defined, *(operation.sql for operation in up if operation.phase > Phase.FUNCTION)]
    return first, [_sql(statement, first=False) for statement in last]


def _defined(fact: Fact) -> str:
    """An index or a constraint, as PostgreSQL words it."""
    if fact.kind is Kind.INDEX:
        return fact.text("definition")
    table, name = qualified(*fact.key[:2]), quote_identifier(fact.key[2])
    return f"ALTER TABLE {table} ADD CONSTRAINT {name} {fact.text('definition')}"


def _expected(fact: Fact, modelled: set[tuple[str, str]]) -> bool:
    """Whether a fact belongs to the schema, and not to a table that is no model."""
    if fact.kind is Kind.OTHER:
        return False
    if fact.kind in {Kind.GRANT, Kind.COMMENT} and fact.key[0] in {
        "table",
        "column",
        "table column",
        "table constraint",
    }:
        return fact.key[1:3] in modelled
    if fact.kind in _OF_TABLE:
        return fact.key[:2] in modelled
    schema = fact.key[1] if fact.kind in {Kind.GRANT, Kind.COMMENT, Kind.DEFAULT_PRIVILEGE} else fact.key[0]
    return schema in {_SCHEMA, ""}


def _is_sql(fact: Fact, facts: Snapshot, models: Sequence[Model]) -> bool:
    """Whether models have no word for it."""
    if fact.kind in _WITHOUT_WORD:
        return True
    if fact.kind is Kind.TRIGGER:
        return "EXECUTE FUNCTION freehold.set_updated_at(" not in fact.text("definition")
    if fact.kind is Kind.SEQUENCE:
        return fact.key not in {sequence_of(column) for model in models for column in _keys(model.table)}
    if fact.kind is Kind.GRANT and fact.key[0] in {"view", "function", "sequence"}:
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
