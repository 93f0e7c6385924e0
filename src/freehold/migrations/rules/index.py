"""Indexes that no constraint makes."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.catalog import Change, Fact, Key, Kind
from freehold.migrations.context import Context
from freehold.migrations.operation import Lock, Operation, Phase, Stage
from freehold.migrations.rules.name import qualified
from freehold.migrations.rules.rule import Rule
from freehold.migrations.script import Index


class IndexRule(Rule):
    """PostgreSQL's own text of the index is the statement that makes it; CONCURRENTLY where the table stays."""

    def add(self, fact: Fact, context: Context) -> Iterator[Operation]:
        if context.live(fact):
            yield concurrently(fact.key, Phase.INDEX, fact.text("definition"))
            return
        lock = Lock.NEW if context.new_table(fact) else Lock.SHARE
        yield Operation(_phase(fact, context), fact.key, _with_parts(fact, context), lock)

    def drop(self, fact: Fact, context: Context) -> Iterator[Operation]:
        name = qualified(fact.key[0], fact.key[2])
        if not context.live(fact):
            yield Operation(_phase(fact, context), fact.key, f"DROP INDEX {name}", Lock.ACCESS_EXCLUSIVE, drop=True)
            return
        stage = Stage.INDEX if fact.identity in context.added else Stage.DROP_INDEX
        about = Index(fact.key[0], fact.key[1], fact.key[2], made=False)
        sql = f"DROP INDEX CONCURRENTLY {name}"
        lock = Lock.SHARE_UPDATE_EXCLUSIVE_BRIEF
        yield Operation(Phase.INDEX, fact.key, sql, lock, drop=True, stage=stage, about=about)

    def recreates(self, change: Change) -> bool:
        return True


def _with_parts(fact: Fact, context: Context) -> str:
    """PostgreSQL writes ONLY for the index of a partitioned table, which would then be missing from its parts."""
    table = context.after.get((Kind.TABLE, fact.key[:2]))
    split = table is not None and table.text("kind") == "partitioned"
    return fact.text("definition").replace(" ON ONLY ", " ON ", 1) if split else fact.text("definition")


def concurrently(key: Key, phase: Phase, definition: str) -> Operation:
    """Builds an index beside those who write; ``definition`` is a CREATE INDEX."""
    sql = definition.replace(" INDEX ", " INDEX CONCURRENTLY ", 1)
    schema, table, name = key
    about = Index(schema, table, name)
    return Operation(phase, key, sql, Lock.SHARE_UPDATE_EXCLUSIVE, stage=Stage.INDEX, about=about)


def _phase(fact: Fact, context: Context) -> Phase:
    """An index of a materialized view comes after all views."""
    table = (Kind.TABLE, fact.key[:2])
    return Phase.INDEX if table in context.before or table in context.after else Phase.SEQUENCE_OWNER
