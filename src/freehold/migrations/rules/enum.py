"""Enumerated types. A value cannot be taken out again, so a type once made is not altered."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.catalog import Change, Fact
from freehold.migrations.context import Context
from freehold.migrations.operation import Operation, Phase
from freehold.migrations.rules.name import qualified, revoke_defaults
from freehold.migrations.rules.rule import Rule, unsupported
from freehold.policies import quote_literal


class EnumRule(Rule):
    """Made and dropped; freehold's own models write Literal enums as text with a CHECK, which can change."""

    def add(self, fact: Fact, context: Context) -> Iterator[Operation]:
        labels = ", ".join(quote_literal(label).strip() for label in fact.names("labels"))
        name = qualified(*fact.key)
        yield Operation(Phase.TYPE, fact.key, f"CREATE TYPE {name} AS ENUM ({labels})")
        yield Operation(Phase.TYPE, fact.key, revoke_defaults(f"TYPE {name}", "TYPES", context))

    def drop(self, fact: Fact, context: Context) -> Iterator[Operation]:
        yield Operation(Phase.TYPE, fact.key, f"DROP TYPE {qualified(*fact.key)}", drop=True)

    def alter(self, change: Change, before: Fact, after: Fact, context: Context) -> Iterator[Operation]:
        raise unsupported(change, "Declare the column as Literal[...]: text with a CHECK, which can be changed.")
