"""Sequences, and the column that owns one."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.catalog import Change, Fact
from freehold.migrations.context import Context
from freehold.migrations.operation import Operation, Phase
from freehold.migrations.rules.name import qualified, revoke_defaults
from freehold.migrations.rules.rule import Rule, require_only


class SequenceRule(Rule):
    """Made before the tables whose defaults read it, given to its column after them."""

    def add(self, fact: Fact, context: Context) -> Iterator[Operation]:
        name = qualified(*fact.key)
        yield Operation(Phase.SEQUENCE, fact.key, f"CREATE SEQUENCE {name} {fact.text('options')}")
        yield Operation(Phase.SEQUENCE, fact.key, revoke_defaults(f"SEQUENCE {name}", "SEQUENCES", context))
        if fact.names("owned_by"):
            yield _owned_by(fact)

    def drop(self, fact: Fact, context: Context) -> Iterator[Operation]:
        yield Operation(Phase.SEQUENCE, fact.key, f"DROP SEQUENCE {qualified(*fact.key)}", drop=True)

    def alter(self, change: Change, before: Fact, after: Fact, context: Context) -> Iterator[Operation]:
        require_only(change, "options", "owned_by")
        if "options" in change.altered:
            sql = f"ALTER SEQUENCE {qualified(*after.key)} {after.text('options')}"
            yield Operation(Phase.SEQUENCE, after.key, sql)
        if "owned_by" in change.altered:
            yield _owned_by(after)


def _owned_by(fact: Fact) -> Operation:
    owner = fact.names("owned_by")
    sql = f"ALTER SEQUENCE {qualified(*fact.key)} OWNED BY {qualified(*owner) if owner else 'NONE'}"
    return Operation(Phase.SEQUENCE_OWNER, fact.key, sql)
