"""Constraints of tables that exist already, and every foreign key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from freehold.catalog import Change, Fact, Key, Kind
from freehold.migrations.context import Context
from freehold.migrations.operation import Lock, Operation, Phase, Stage
from freehold.migrations.rules.fill import opened
from freehold.migrations.rules.index import concurrently
from freehold.migrations.rules.name import qualified
from freehold.migrations.rules.rule import Rule, refuse_blocking, require_only, unsupported
from freehold.policies import quote_identifier

_SCAN = {
    "foreign key": Lock.SHARE_ROW_EXCLUSIVE_SCAN,
    "check": Lock.ACCESS_EXCLUSIVE_SCAN,
    "unique": Lock.ACCESS_EXCLUSIVE_SCAN,
    "primary key": Lock.ACCESS_EXCLUSIVE_SCAN,
    "exclude": Lock.ACCESS_EXCLUSIVE_SCAN,
    "not null": Lock.ACCESS_EXCLUSIVE,
}

KEY: Final = re.compile(
    r"(UNIQUE|PRIMARY KEY)( NULLS NOT DISTINCT)? (\((?:[^()\"]|\"[^\"]*\")+\))( INCLUDE \([^()]+\))?"
    r"((?: DEFERRABLE)?(?: INITIALLY DEFERRED)?)"
)
"""PostgreSQL's own text of a key without storage options: kind, NULLS NOT DISTINCT, columns, INCLUDE, DEFERRABLE."""


_EXCLUSION: Final = (
    "An exclusion constraint is checked while nobody can use the table: PostgreSQL knows neither NOT VALID nor USING INDEX "
    "for it."
)


class ConstraintRule(Rule):
    """Foreign keys come after all tables, so that tables may refer to each other."""

    def add(self, fact: Fact, context: Context) -> Iterator[Operation]:
        new = context.new_table(fact)
        if new and within_table(fact):
            return
        if context.live(fact) and fact.text("type") in {"unique", "primary key"}:
            yield from _from_index(fact, context)
        elif context.live(fact) and fact.text("type") in {"check", "foreign key"}:
            yield from _validated_later(fact, context)
        else:
            if context.live(fact) and fact.text("type") == "exclude":
                refuse_blocking(Change(None, fact), context, _EXCLUSION, _exclusion_in_steps(fact))
            sql = f"{_table(fact)} ADD CONSTRAINT {quote_identifier(fact.key[2])} {fact.text('definition')}"
            yield Operation(_phase(fact), fact.key, sql, Lock.NEW if new else _SCAN[fact.text("type")])

    def drop(self, fact: Fact, context: Context) -> Iterator[Operation]:
        sql = f"{_table(fact)} DROP CONSTRAINT {quote_identifier(fact.key[2])}"
        yield Operation(_phase(fact), fact.key, sql, Lock.ACCESS_EXCLUSIVE, drop=True)

    def alter(self, change: Change, before: Fact, after: Fact, context: Context) -> Iterator[Operation]:
        name = quote_identifier(after.key[2])
        if "validated" in change.altered:
            require_only(change, "validated", "definition")
            yield validation(after.key)
        elif "deferrable" in change.altered or "deferred" in change.altered:
            words = f"{'' if after.flag('deferrable') else 'NOT '}DEFERRABLE"
            words += " INITIALLY DEFERRED" if after.flag("deferred") else ""
            sql = f"{_table(after)} ALTER CONSTRAINT {name} {words}"
            yield Operation(_phase(after), after.key, sql, Lock.SHARE_ROW_EXCLUSIVE)
        else:
            raise unsupported(change)

    def recreates(self, change: Change) -> bool:
        before, after = change.before, change.after
        if before is None or after is None or "type" in change.altered or _words(before) != _words(after):
            return True
        if "validated" in change.altered:
            return not after.flag("validated")
        return after.text("type") != "foreign key"

    def follows(self, fact: Fact, context: Context) -> bool:
        """A foreign key goes first where both tables go, so that the order of the tables does not matter."""
        return super().follows(fact, context) and not any(
            (Kind.TABLE, tuple(need[1:])) in context.dropped and need[1:] != fact.key[:2] for need in fact.requires
        )


def _exclusion_in_steps(fact: Fact) -> str:
    table = ".".join(fact.key[:2])
    return (
        "Where every operator is =, declare a unique constraint, which is built beside those who write. Otherwise, in steps: "
        f"1. declare a table like {table}, empty, with the constraint; 2. let the application write both, and copy the rows "
        f"in batches; 3. read from the new one, and drop {table} in a later release."
    )


def validation(key: Key, stage: Stage = Stage.VALIDATE) -> Operation:
    """Reads the table for a constraint, in a unit of its own, while others write."""
    sql = f"ALTER TABLE {qualified(*key[:2])} VALIDATE CONSTRAINT {quote_identifier(key[2])}"
    return Operation(Phase.CONSTRAINT, key, sql, Lock.SHARE_UPDATE_EXCLUSIVE, stage=stage)


def _validated_later(fact: Fact, context: Context) -> Iterator[Operation]:
    """New rows are checked at once, those that are there when nobody waits for it."""
    late = fact.text("type") == "foreign key" and _refers_to_new_key(fact, context)
    words = fact.text("definition").removesuffix(" NOT VALID")
    sql = f"{_table(fact)} ADD CONSTRAINT {quote_identifier(fact.key[2])} {words} NOT VALID"
    lock = Lock.SHARE_ROW_EXCLUSIVE if fact.text("type") == "foreign key" else Lock.ACCESS_EXCLUSIVE
    yield Operation(_phase(fact), fact.key, sql, lock, stage=Stage.REFER if late else Stage.MAIN)
    if fact.flag("validated"):
        yield validation(fact.key, Stage.REFER_VALIDATE if late else Stage.VALIDATE)
        # PostgreSQL reads both tables as their owner, whom forced row security binds: it would find no row to refer to,
        # or none that refers, and call the constraint broken, or valid unseen.
        for table in (
            sorted({fact.key[:2], *(need[1:] for need in fact.requires)}) if fact.text("type") == "foreign key" else ()
        ):
            yield from opened(table, context)


def _refers_to_new_key(fact: Fact, context: Context) -> bool:
    """Whether what it refers to is made unique by this plan, of a table that stays."""
    return any(
        added.text("type") in {"unique", "primary key"} and added.identity in context.added and context.live(added)
        for need in fact.requires
        for added in context.after.of(Kind.CONSTRAINT, *need[1:])
    )


def _from_index(fact: Fact, context: Context) -> Iterator[Operation]:
    """The index is built beside those who write, and becomes the constraint's."""
    schema, table, name = fact.key
    found = KEY.fullmatch(fact.text("definition"))
    if found is None:
        refuse_blocking(Change(None, fact), context, "Its index would be built while nobody can use the table.")
        sql = f"{_table(fact)} ADD CONSTRAINT {quote_identifier(name)} {fact.text('definition')}"
        yield Operation(Phase.CONSTRAINT, fact.key, sql, Lock.ACCESS_EXCLUSIVE_SCAN)
        return
    kind, nulls, listed, include, tail = (part or "" for part in found.groups())
    index = f"CREATE UNIQUE INDEX {quote_identifier(name)} ON {qualified(schema, table)} USING btree {listed}"
    yield concurrently(fact.key, Phase.CONSTRAINT, f"{index}{include}{nulls}")
    sql = f"{_table(fact)} ADD CONSTRAINT {quote_identifier(name)} {kind} USING INDEX {quote_identifier(name)}{tail}"
    yield Operation(Phase.CONSTRAINT, fact.key, sql, Lock.ACCESS_EXCLUSIVE, stage=Stage.FINISH)


def within_table(fact: Fact) -> bool:
    """Whether CREATE TABLE can make it at once."""
    return fact.text("type") in {"primary key", "unique", "check", "exclude"} and fact.flag("validated")


def _words(fact: Fact) -> str:
    """The definition without what can be altered in place."""
    text = fact.text("definition")
    for word in (" NOT VALID", " INITIALLY DEFERRED", " DEFERRABLE"):
        text = text.removesuffix(word)
    return text


def _phase(fact: Fact) -> Phase:
    return Phase.FOREIGN_KEY if fact.text("type") == "foreign key" else Phase.CONSTRAINT


def _table(fact: Fact) -> str:
    return f"ALTER TABLE {qualified(*fact.key[:2])}"
