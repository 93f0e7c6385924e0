"""Triggers."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.catalog import Change, Fact
from freehold.migrations.context import Context
from freehold.migrations.operation import Lock, Operation, Phase
from freehold.migrations.rules.name import qualified
from freehold.migrations.rules.rule import Rule
from freehold.policies import quote_identifier

_FIRES = {"origin": "ENABLE", "disabled": "DISABLE", "replica": "ENABLE REPLICA", "always": "ENABLE ALWAYS"}


class TriggerRule(Rule):
    """PostgreSQL's own text of the trigger is the statement that makes it."""

    def add(self, fact: Fact, context: Context) -> Iterator[Operation]:
        lock = Lock.NEW if context.new_table(fact) else Lock.SHARE_ROW_EXCLUSIVE
        yield Operation(Phase.TRIGGER, fact.key, fact.text("definition"), lock)
        if fact.text("enabled") != "origin":
            yield _fires(fact)

    def drop(self, fact: Fact, context: Context) -> Iterator[Operation]:
        sql = f"DROP TRIGGER {quote_identifier(fact.key[2])} ON {qualified(*fact.key[:2])}"
        yield Operation(Phase.TRIGGER, fact.key, sql, Lock.ACCESS_EXCLUSIVE, drop=True)

    def alter(self, change: Change, before: Fact, after: Fact, context: Context) -> Iterator[Operation]:
        yield _fires(after)

    def recreates(self, change: Change) -> bool:
        return "definition" in change.altered


def _fires(fact: Fact) -> Operation:
    table, trigger = qualified(*fact.key[:2]), quote_identifier(fact.key[2])
    sql = f"ALTER TABLE {table} {_FIRES[fact.text('enabled')]} TRIGGER {trigger}"
    return Operation(Phase.TRIGGER, fact.key, sql, Lock.SHARE_ROW_EXCLUSIVE)
