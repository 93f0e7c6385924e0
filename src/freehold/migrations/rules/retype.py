"""Another type for columns of tables in use: a second column beside each, which takes its place.

A trigger keeps both equal from the first unit on; the rows that are there are filled in batches; keys and indexes are
built over the new column beside those who write; then one transaction exchanges the columns, and makes again what named
the old one. Only for types that hold every value of the old one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from typing import Final

from freehold.catalog import Change, Fact, Key, Kind
from freehold.migrations.context import Context, Identity
from freehold.migrations.operation import Lock, Operation, Phase, Stage
from freehold.migrations.rules.constraint import KEY, validation
from freehold.migrations.rules.fill import filled, opened
from freehold.migrations.rules.index import concurrently
from freehold.migrations.rules.mention import NAMING, mentions, renamed
from freehold.migrations.rules.name import qualified
from freehold.policies import quote_identifier, quote_literal

NEW: Final = "freehold_new_"
OLD: Final = "freehold_old_"
_TRIGGER: Final = "~freehold_retype"
"""BEFORE triggers fire in the order of their names: behind all that may still change the column."""
_WIDER: Final = (("smallint", "integer", "bigint", "numeric"), ("real", "double precision"))
_ATTACHED: Final = frozenset({Kind.COMMENT, Kind.GRANT})
_LONGEST: Final = 63
_INDEX: Final = re.compile(r"(CREATE (?:UNIQUE )?INDEX) .*? USING (.*)", re.DOTALL)


@dataclass(frozen=True)
class Retyping:
    """The columns that get another type, and what goes with them. Without columns nothing does."""

    context: Context
    columns: tuple[Change, ...]

    @property
    def rest(self) -> tuple[Change, ...]:
        """The changes that are left to their rules."""
        taken = {change.fact.identity for change in self.columns} | self._named.keys()
        again = {change.fact.identity for change in self.again}
        return tuple(each for each in self.context.changes if each.fact.identity not in taken | again)

    @cached_property
    def again(self) -> tuple[Change, ...]:
        """What is dropped and made again in the transaction that exchanges the columns, by its rules."""
        found = [fact for fact in self._named.values() if fact.kind in NAMING]
        known = {*self._named, *(change.fact.identity for change in self.columns)}
        facts = (*self.context.before.facts, *self.context.after.facts)
        attached = (each for each in facts if each.kind in _ATTACHED and self.context.subject(each) in known)
        identities = dict.fromkeys(each.identity for each in (*found, *attached) if each.identity in self.context.after)
        return tuple(self._split(identities))

    def surroundings(self) -> Context:
        """What the rules may look at while they plan `again`: the columns come and go too."""
        columns = self._split([each.fact.identity for each in self.columns])
        constraints = self._split([each.identity for each in self._named.values() if each.kind not in NAMING])
        return replace(self.context, changes=(*columns, *constraints, *self.again))

    def operations(self) -> Iterator[Operation]:
        """Everything but `again`."""
        for table, changes in self._tables():
            yield from self._beside(table, changes)
            for change in changes:
                yield from _exchanged(change, self._sequences(change))
            yield from _unwatched(table)
        for fact in self._named.values():
            if fact.kind is Kind.CONSTRAINT:
                yield from self._constraint(fact)
            elif fact.kind is Kind.INDEX:
                yield from self._index(fact)

    @cached_property
    def _named(self) -> dict[Identity, Fact]:
        """What names the columns before or after, and is there after, as it is then; a fact that goes is left to its rule."""
        snapshots = (self.context.before, self.context.after)
        found = (fact for change in self.columns for facts in snapshots for fact in mentions(change.key, facts))
        after = self.context.after
        return {fact.identity: after[fact.identity] for fact in found if fact.identity in after}

    def _tables(self) -> Iterator[tuple[Key, Sequence[Change]]]:
        for table, changes in groupby(self.columns, key=lambda change: change.key[:2]):
            yield table, tuple(changes)

    def _split(self, identities: Sequence[Identity] | dict[Identity, None]) -> Iterator[Change]:
        for identity in identities:
            if identity in self.context.before:
                yield Change(self.context.before[identity], None)
            if identity in self.context.after:
                yield Change(None, self.context.after[identity])

    def _sequences(self, change: Change) -> tuple[Fact, ...]:
        """Those that would go with the old column."""
        return tuple(each for each in self.context.after.of(Kind.SEQUENCE) if each.names("owned_by") == change.key)

    def _beside(self, table: Key, changes: Sequence[Change]) -> Iterator[Operation]:
        """The new columns, kept equal to the old ones and filled."""
        for change in changes:
            fact = change.fact
            sql = f"ALTER TABLE {qualified(*table)} ADD COLUMN {quote_identifier(_new(fact))} {fact.text('type')}"
            yield Operation(Phase.COLUMN, fact.key, sql, Lock.ACCESS_EXCLUSIVE, fact.rank)
        yield from _watched(table, changes)
        pairs = {_new(change.fact): quote_identifier(change.key[2]) for change in changes}
        where = " OR ".join(f"{quote_identifier(new)} IS DISTINCT FROM {old}" for new, old in pairs.items())
        yield from filled(table, pairs, where, self.context.primary_key(table), self.context)
        listed = ", ".join(map(quote_identifier, pairs))
        yield Operation(
            Phase.CONSTRAINT,
            (*table, "", listed),
            f"ANALYZE {qualified(*table)} ({listed})",
            Lock.SHARE_UPDATE_EXCLUSIVE,
            stage=Stage.VALIDATE,
        )

    def _constraint(self, fact: Fact) -> Iterator[Operation]:
        phase = Phase.FOREIGN_KEY if fact.text("type") == "foreign key" else Phase.CONSTRAINT
        table, name = f"ALTER TABLE {qualified(*fact.key[:2])}", quote_identifier(fact.key[2])
        if fact.identity in self.context.before:
            sql = f"{table} DROP CONSTRAINT {name}"
            yield Operation(phase, fact.key, sql, Lock.ACCESS_EXCLUSIVE, drop=True, stage=Stage.FINISH)
        if fact.text("type") in {"unique", "primary key"}:
            yield from self._key(fact, f"{table} ADD CONSTRAINT {name}")
            return
        words = fact.text("definition").removesuffix(" NOT VALID")
        sql = f"{table} ADD CONSTRAINT {name} {words} NOT VALID"
        lock = Lock.SHARE_ROW_EXCLUSIVE if phase is Phase.FOREIGN_KEY else Lock.ACCESS_EXCLUSIVE
        yield Operation(phase, fact.key, sql, lock, stage=Stage.FINISH)
        if fact.flag("validated"):
            yield validation(fact.key, Stage.REFER_VALIDATE)
            tables = {fact.key[:2], *(need[1:] for need in fact.requires)} if phase is Phase.FOREIGN_KEY else set[Key]()
            for each in sorted(tables):
                yield from opened(each, self.context)

    def _key(self, fact: Fact, added: str) -> Iterator[Operation]:
        found = KEY.fullmatch(fact.text("definition"))
        kind, nulls, listed, include, tail = (part or "" for part in (found.groups() if found else ()))
        index = (*fact.key[:2], _short(NEW, fact.key[2]))
        sql = f"CREATE UNIQUE INDEX {quote_identifier(index[2])} ON {qualified(*fact.key[:2])} USING btree "
        yield concurrently(index, Phase.CONSTRAINT, sql + self._anew(fact.key, f"{listed}{include}{nulls}"))
        sql = f"{added} {kind} USING INDEX {quote_identifier(index[2])}{tail}"
        yield Operation(Phase.CONSTRAINT, fact.key, sql, Lock.ACCESS_EXCLUSIVE, stage=Stage.FINISH)

    def _index(self, fact: Fact) -> Iterator[Operation]:
        """The old one goes with the old column; the new one then has its name."""
        found = _INDEX.fullmatch(fact.text("definition"))
        head, tail = found.groups() if found else ("", "")
        index = (*fact.key[:2], _short(NEW, fact.key[2]))
        sql = f"{head} {quote_identifier(index[2])} ON {qualified(*fact.key[:2])} USING {self._anew(fact.key, tail)}"
        yield concurrently(index, Phase.INDEX, sql)
        sql = f"ALTER INDEX {qualified(fact.key[0], index[2])} RENAME TO {quote_identifier(fact.key[2])}"
        yield Operation(Phase.INDEX, fact.key, sql, Lock.SHARE_UPDATE_EXCLUSIVE_BRIEF, stage=Stage.FINISH)

    def _anew(self, key: Key, text: str) -> str:
        """``text`` about the new columns of the table that ``key`` begins with."""
        for change in self.columns:
            text = renamed(text, change.key[2], _new(change.fact)) if change.key[:2] == key[:2] else text
        return text


def retyping(context: Context) -> Retyping:
    """The columns of ``context`` that can have their new type in this way."""
    if context.reverse or context.blocking:
        return Retyping(context, ())
    columns = tuple(change for change in context.changes if change.kind is Kind.COLUMN and "type" in change.altered)
    possible = tuple(change for change in columns if not hindrance(change, context))
    return Retyping(context, possible)


def hindrance(change: Change, context: Context) -> str:
    """Why a column cannot have its new type so; empty where it can."""
    before, after = change.before, change.after
    if before is None or after is None or not _wider(before.text("type"), after.text("type")):
        return "The new type does not hold every value of the old one."
    if not context.live(after) or after.text("generated"):
        return "PostgreSQL computes the column."
    if not context.primary_key(after.key[:2]):
        return "Its table has no primary key that rows could be filled along."
    if change.altered - {"type", "default", "not_null", "identity_options"}:
        return "More than the type, the default and NOT NULL changes."
    for fact in (each for facts in (context.before, context.after) for each in mentions(after.key, facts)):
        if not _remade(fact):
            return f"{fact.name} depends on the column, and would be made again while nobody can use it."
    return ""


def _remade(fact: Fact) -> bool:
    """Whether what names a column can be made again over another one without keeping anybody waiting."""
    if fact.kind is Kind.CONSTRAINT:
        known = fact.text("type") in {"check", "foreign key"} or KEY.fullmatch(fact.text("definition")) is not None
        return known and fact.text("type") != "exclude"
    return fact.kind is Kind.INDEX or (
        fact.kind in NAMING and (fact.kind is not Kind.VIEW or fact.text("kind") == "view")
    )


def _wider(before: str, after: str) -> bool:
    return any(before in row and after in row and row.index(before) < row.index(after) for row in _WIDER)


def _watched(table: Key, changes: Sequence[Change]) -> Iterator[Operation]:
    """A trigger that keeps the new columns equal, also to what a replica applies; and no NULL where none may be."""
    function = qualified(table[0], _short("freehold_retype_", table[1]))
    sets = "".join(
        f"    NEW.{quote_identifier(_new(change.fact))} := NEW.{quote_identifier(change.key[2])};\n"
        for change in changes
    )
    made = (
        f"CREATE FUNCTION {function}() RETURNS trigger\nLANGUAGE plpgsql SET search_path = ''\nAS $freehold$\nBEGIN\n"
    )
    for sql in (f"{made}{sets}    RETURN NEW;\nEND\n$freehold$", f"REVOKE ALL ON FUNCTION {function}() FROM PUBLIC"):
        yield Operation(Phase.RELATION_FUNCTION, table, sql)
    name = quote_identifier(_TRIGGER)
    for sql in (
        f"CREATE TRIGGER {name} BEFORE INSERT OR UPDATE ON {qualified(*table)} FOR EACH ROW EXECUTE FUNCTION {function}()",
        f"ALTER TABLE {qualified(*table)} ENABLE ALWAYS TRIGGER {name}",
    ):
        yield Operation(Phase.TRIGGER, table, sql, Lock.SHARE_ROW_EXCLUSIVE)
    for fact in (change.fact for change in changes if change.fact.flag("not_null")):
        check, column = (*table, _short("freehold_not_null_", fact.key[2])), quote_identifier(_new(fact))
        sql = f"ALTER TABLE {qualified(*table)} ADD CONSTRAINT {quote_identifier(check[2])} CHECK ({column} IS NOT NULL) NOT VALID"
        yield Operation(Phase.CONSTRAINT, check, sql, Lock.ACCESS_EXCLUSIVE)
        yield validation(check)


def _unwatched(table: Key) -> Iterator[Operation]:
    function = qualified(table[0], _short("freehold_retype_", table[1]))
    sql = f"DROP TRIGGER {quote_identifier(_TRIGGER)} ON {qualified(*table)}"
    yield Operation(Phase.TRIGGER, table, sql, Lock.ACCESS_EXCLUSIVE, drop=True, stage=Stage.FINISH)
    sql = f"DROP FUNCTION {function}()"
    yield Operation(Phase.RELATION_FUNCTION, table, sql, drop=True, stage=Stage.FINISH)


def _exchanged(change: Change, sequences: Sequence[Fact]) -> Iterator[Operation]:
    """The new column in the place of the old one, which goes with its indexes; a moment's work, whatever there is."""
    for sql in _exchange(change, sequences):
        lock = Lock.ACCESS_EXCLUSIVE if sql.startswith("ALTER TABLE") else Lock.NONE
        yield Operation(Phase.COLUMN, change.key, sql, lock, change.fact.rank, stage=Stage.FINISH)


def _exchange(change: Change, sequences: Sequence[Fact]) -> Iterator[str]:
    fact, table = change.fact, f"ALTER TABLE {qualified(*change.key[:2])}"
    name, new, old = map(quote_identifier, (fact.key[2], _new(fact), _short(OLD, fact.key[2])))
    if fact.flag("not_null"):
        yield f"{table} ALTER COLUMN {new} SET NOT NULL"
        yield f"{table} DROP CONSTRAINT {quote_identifier(_short('freehold_not_null_', fact.key[2]))}"
    yield f"{table} RENAME COLUMN {name} TO {old}"
    yield f"{table} RENAME COLUMN {new} TO {name}"
    if fact.text("default"):
        yield f"{table} ALTER COLUMN {name} SET DEFAULT {fact.text('default')}"
    for sequence in sequences:
        yield f"ALTER SEQUENCE {qualified(*sequence.key)} OWNED BY {qualified(*fact.key)}"
    if fact.text("identity"):
        yield from _counted(fact)
    yield f"{table} DROP COLUMN {old}"


def _counted(fact: Fact) -> Iterator[str]:
    """The new column counts on from where the old one is, by a sequence of the same name."""
    table, old = qualified(*fact.key[:2]), _short(OLD, fact.key[2])
    was, now = (
        f"pg_get_serial_sequence({quote_literal(table)}, {quote_literal(name)})::regclass"
        for name in (old, fact.key[2])
    )
    aside = quote_identifier(_short(OLD, f"{fact.key[1]}_{fact.key[2]}"))
    yield f"DO $freehold$ BEGIN\n    EXECUTE format('ALTER SEQUENCE %s RENAME TO {aside}', {was});\nEND $freehold$"
    identity = f"GENERATED {fact.text('identity')} AS IDENTITY ({fact.text('identity_options')})"
    yield f"ALTER TABLE {table} ALTER COLUMN {quote_identifier(fact.key[2])} ADD {identity}"
    count = "'SELECT setval(%L, last_value, is_called) FROM %s'"
    yield f"DO $freehold$ BEGIN\n    EXECUTE format({count}, {now}, {was});\nEND $freehold$"


def _new(fact: Fact) -> str:
    return _short(NEW, fact.key[2])


def _short(prefix: str, name: str) -> str:
    """A name of ours for something called ``name``, of at most 63 bytes."""
    whole = f"{prefix}{name}"
    return whole if len(whole.encode()) <= _LONGEST else f"{prefix}{hashlib.sha256(name.encode()).hexdigest()[:16]}"
