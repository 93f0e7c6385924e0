"""Constraints of tables that exist already, and every foreign key."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.catalog import Change, Fact, Kind
from freehold.migrations.context import Context
from freehold.migrations.operation import Lock, Operation, Phase
from freehold.migrations.rules.name import qualified
from freehold.migrations.rules.rule import Rule, require_only, unsupported
from freehold.policies import quote_identifier

_SCAN = {
    "foreign key": Lock.SHARE_ROW_EXCLUSIVE_SCAN,
    "check": Lock.ACCESS_EXCLUSIVE_SCAN,
    "unique": Lock.ACCESS_EXCLUSIVE_SCAN,
    "primary key": Lock.ACCESS_EXCLUSIVE_SCAN,
    "exclude": Lock.ACCESS_EXCLUSIVE_SCAN,
    "not null": Lock.ACCESS_EXCLUSIVE,
}


class ConstraintRule(Rule):
    """Foreign keys come after all tables, so that tables may refer to each other."""

    def add(self, fact: Fact, context: Context) -> Iterator[Operation]:
        new = context.new_table(fact)
        if new and within_table(fact):
            return
        sql = f"{_table(fact)} ADD CONSTRAINT {quote_identifier(fact.key[2])} {fact.text('definition')}"
        yield Operation(_phase(fact), fact.key, sql, Lock.NEW if new else _SCAN[fact.text("type")])

    def drop(self, fact: Fact, context: Context) -> Iterator[Operation]:
        sql = f"{_table(fact)} DROP CONSTRAINT {quote_identifier(fact.key[2])}"
        yield Operation(_phase(fact), fact.key, sql, Lock.ACCESS_EXCLUSIVE, drop=True)

    def alter(self, change: Change, before: Fact, after: Fact, context: Context) -> Iterator[Operation]:
        name = quote_identifier(after.key[2])
        if "validated" in change.altered:
            require_only(change, "validated", "definition")
            sql = f"{_table(after)} VALIDATE CONSTRAINT {name}"
            yield Operation(_phase(after), after.key, sql, Lock.SHARE_UPDATE_EXCLUSIVE)
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
