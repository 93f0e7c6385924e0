"""Policies: altered in place where PostgreSQL can, so that there is no moment without them."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.catalog import Change, Fact, Kind
from freehold.migrations.context import Context
from freehold.migrations.operation import Lock, Operation, Phase
from freehold.migrations.rules.name import qualified, role
from freehold.migrations.rules.rule import Rule
from freehold.policies import quote_identifier


class PolicyRule(Rule):
    """All policies of a migration change in one transaction."""

    def add(self, fact: Fact, context: Context) -> Iterator[Operation]:
        kind = "PERMISSIVE" if fact.flag("permissive") else "RESTRICTIVE"
        sql = f"CREATE POLICY {_named(fact)} AS {kind} FOR {fact.text('command')}"
        parts = [sql, _roles(fact), _using(fact), _check(fact)]
        lock = Lock.NEW if context.new_table(fact) else Lock.ACCESS_EXCLUSIVE
        yield Operation(Phase.POLICY, fact.key, "\n    ".join(filter(None, parts)), lock)

    def drop(self, fact: Fact, context: Context) -> Iterator[Operation]:
        yield Operation(Phase.POLICY, fact.key, f"DROP POLICY {_named(fact)}", Lock.ACCESS_EXCLUSIVE, drop=True)

    def alter(self, change: Change, before: Fact, after: Fact, context: Context) -> Iterator[Operation]:
        parts = [f"ALTER POLICY {_named(after)}"]
        parts += [_roles(after)] if "roles" in change.altered else []
        parts += [_using(after)] if "using" in change.altered else []
        parts += [_check(after)] if "check" in change.altered else []
        yield Operation(Phase.POLICY, after.key, "\n    ".join(parts), Lock.ACCESS_EXCLUSIVE)

    def recreates(self, change: Change) -> bool:
        if not change.altered.isdisjoint({"command", "permissive"}):
            return True
        return any(not change.fact.text(name) for name in change.altered & {"using", "check"})

    def follows(self, fact: Fact, context: Context) -> bool:
        """A policy that looks into another dropped relation goes first: it would keep that one from going."""
        return super().follows(fact, context) and not any(
            (Kind(need[0]), tuple(need[1:])) in context.dropped for need in fact.requires
        )


def _named(fact: Fact) -> str:
    return f"{quote_identifier(fact.key[2])} ON {qualified(*fact.key[:2])}"


def _roles(fact: Fact) -> str:
    return f"TO {', '.join(map(role, fact.names('roles')))}"


def _using(fact: Fact) -> str:
    return f"USING ({fact.text('using')})" if fact.text("using") else ""


def _check(fact: Fact) -> str:
    return f"WITH CHECK ({fact.text('check')})" if fact.text("check") else ""
