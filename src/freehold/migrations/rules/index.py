"""Indexes that no constraint makes."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.catalog import Change, Fact, Kind
from freehold.migrations.context import Context
from freehold.migrations.operation import Lock, Operation, Phase
from freehold.migrations.rules.name import qualified
from freehold.migrations.rules.rule import Rule


class IndexRule(Rule):
    """PostgreSQL's own text of the index is the statement that makes it."""

    def add(self, fact: Fact, context: Context) -> Iterator[Operation]:
        lock = Lock.NEW if context.new_table(fact) else Lock.SHARE
        yield Operation(_phase(fact, context), fact.key, fact.text("definition"), lock)

    def drop(self, fact: Fact, context: Context) -> Iterator[Operation]:
        sql = f"DROP INDEX {qualified(fact.key[0], fact.key[2])}"
        yield Operation(_phase(fact, context), fact.key, sql, Lock.ACCESS_EXCLUSIVE, drop=True)

    def recreates(self, change: Change) -> bool:
        return True


def _phase(fact: Fact, context: Context) -> Phase:
    """An index of a materialized view comes after all views."""
    table = (Kind.TABLE, fact.key[:2])
    return Phase.INDEX if table in context.before or table in context.after else Phase.SEQUENCE_OWNER
