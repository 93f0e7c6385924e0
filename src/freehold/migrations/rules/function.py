"""Functions and procedures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from freehold.catalog import Change, Fact
from freehold.migrations.context import Context
from freehold.migrations.operation import Operation, Phase
from freehold.migrations.rules.name import qualified, revoke_defaults
from freehold.migrations.rules.rule import Rule, ranks, require_only


class FunctionRule(Rule):
    """Replaced in place where PostgreSQL can; a new signature or result needs a new function."""

    def plan(self, changes: Sequence[Change], context: Context) -> Iterator[Operation]:
        place = ranks([change.fact for change in changes])
        for change in changes:
            for operation in super().plan([change], context):
                yield replace(operation, rank=place.get(change.fact.identity, 0))

    def add(self, fact: Fact, context: Context) -> Iterator[Operation]:
        yield Operation(_phase(fact), fact.key, fact.text("definition").strip())
        yield Operation(_phase(fact), fact.key, revoke_defaults(_target(fact), "FUNCTIONS", context))

    def drop(self, fact: Fact, context: Context) -> Iterator[Operation]:
        yield Operation(_phase(fact), fact.key, f"DROP {_target(fact)}", drop=True)

    def alter(self, change: Change, before: Fact, after: Fact, context: Context) -> Iterator[Operation]:
        require_only(change, "definition", "security_definer", "settings")
        yield Operation(_phase(after), after.key, after.text("definition").strip())

    def recreates(self, change: Change) -> bool:
        return not change.altered.isdisjoint({"arguments", "result", "kind"})


def _phase(fact: Fact) -> Phase:
    return Phase.RELATION_FUNCTION if any(need[0] != "function" for need in fact.requires) else Phase.FUNCTION


def _target(fact: Fact) -> str:
    schema, name, arguments = fact.key
    return f"{fact.text('kind').upper()} {qualified(schema, name)}({arguments})"
