"""Schemas."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.catalog import Fact
from freehold.migrations.context import Context
from freehold.migrations.operation import Operation, Phase
from freehold.migrations.rules.name import qualified, revoke_defaults
from freehold.migrations.rules.rule import Rule


class SchemaRule(Rule):
    """A schema belongs to the owner; its owner cannot be changed."""

    def add(self, fact: Fact, context: Context) -> Iterator[Operation]:
        name = qualified(*fact.key)
        yield Operation(Phase.SCHEMA, fact.key, f"CREATE SCHEMA {name}")
        yield Operation(Phase.SCHEMA, fact.key, revoke_defaults(f"SCHEMA {name}", "SCHEMAS", context))

    def drop(self, fact: Fact, context: Context) -> Iterator[Operation]:
        yield Operation(Phase.SCHEMA, fact.key, f"DROP SCHEMA {qualified(*fact.key)}", drop=True)
