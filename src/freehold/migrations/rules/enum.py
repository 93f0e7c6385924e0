"""Enumerated types. A value can be added, and never taken out again: going back leaves it."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.catalog import Change, Fact, Kind
from freehold.migrations.context import Context
from freehold.migrations.operation import Operation, Phase, Stage
from freehold.migrations.rules.name import qualified, revoke_defaults
from freehold.migrations.rules.rule import Rule, unsupported
from freehold.policies import quote_literal


class EnumRule(Rule):
    """Made and dropped; freehold's own models write Literal enums as text with a CHECK, which can change."""

    def add(self, fact: Fact, context: Context) -> Iterator[Operation]:
        labels = ", ".join(_quoted(label) for label in fact.names("labels"))
        name = qualified(*fact.key)
        yield Operation(Phase.TYPE, fact.key, f"CREATE TYPE {name} AS ENUM ({labels})")
        yield Operation(Phase.TYPE, fact.key, revoke_defaults(f"TYPE {name}", "TYPES", context))

    def drop(self, fact: Fact, context: Context) -> Iterator[Operation]:
        yield Operation(Phase.TYPE, fact.key, f"DROP TYPE {qualified(*fact.key)}", drop=True)

    def alter(self, change: Change, before: Fact, after: Fact, context: Context) -> Iterator[Operation]:
        if not grows(change):
            raise unsupported(change, "Declare the column as Literal[...]: text with a CHECK, which can be changed.")
        old, labels = before.names("labels"), after.names("labels")
        for place, label in enumerate(labels):
            if label not in old:
                where = f"AFTER {_quoted(labels[place - 1])}" if place else f"BEFORE {_quoted(old[0])}"
                sql = f"ALTER TYPE {qualified(*after.key)} ADD VALUE IF NOT EXISTS {_quoted(label)} {where}"
                yield Operation(Phase.TYPE, after.key, sql, rank=place, stage=Stage.EARLY)


def grows(change: Change) -> bool:
    """Whether an enum only gets more values, the others keeping their order."""
    if change.kind is not Kind.ENUM or change.before is None or change.after is None or change.altered - {"labels"}:
        return False
    old, new = change.before.names("labels"), change.after.names("labels")
    return bool(old) and tuple(label for label in new if label in old) == old


def _quoted(label: str) -> str:
    return quote_literal(label).strip()
