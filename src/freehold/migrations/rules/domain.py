"""Domains: types with conditions, which a table in use is read through for in a unit of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from freehold.catalog import Change, Fact
from freehold.migrations.context import Context
from freehold.migrations.operation import Lock, Operation, Phase, Stage
from freehold.migrations.rules.name import qualified, revoke_defaults
from freehold.migrations.rules.rule import Rule, ranks, refuse_blocking, require_only

_NOT_VALID = " NOT VALID"


class DomainRule(Rule):
    """Behind the enums, and behind the domains that a domain is made of."""

    def plan(self, changes: Sequence[Change], context: Context) -> Iterator[Operation]:
        place = ranks([change.fact for change in changes])
        for change in changes:
            for operation in super().plan([change], context):
                yield replace(operation, rank=1 + place.get(change.fact.identity, 0))

    def add(self, fact: Fact, context: Context) -> Iterator[Operation]:
        name, checks = qualified(*fact.key), fact.names("checks")
        parts = [f"CREATE DOMAIN {name} AS {fact.text('type')}"]
        parts += [f"COLLATE {fact.text('collation')}"] if fact.text("collation") else []
        parts += [f"DEFAULT {fact.text('default')}"] if fact.text("default") else []
        parts += ["NOT NULL"] if fact.flag("not_null") else []
        parts += [f"CONSTRAINT {check}" for check in checks if not check.endswith(_NOT_VALID)]
        yield Operation(Phase.TYPE, fact.key, " ".join(parts))
        for check in checks:
            if check.endswith(_NOT_VALID):
                yield Operation(Phase.TYPE, fact.key, f"ALTER DOMAIN {name} ADD CONSTRAINT {check}")
        yield Operation(Phase.TYPE, fact.key, revoke_defaults(f"TYPE {name}", "TYPES", context))

    def drop(self, fact: Fact, context: Context) -> Iterator[Operation]:
        yield Operation(Phase.TYPE, fact.key, f"DROP DOMAIN {qualified(*fact.key)}", drop=True)

    def alter(self, change: Change, before: Fact, after: Fact, context: Context) -> Iterator[Operation]:
        require_only(change, "default", "not_null", "checks")
        domain, default = f"ALTER DOMAIN {qualified(*after.key)}", after.text("default")
        if "default" in change.altered:
            sql = f"{domain} {f'SET DEFAULT {default}' if default else 'DROP DEFAULT'}"
            yield Operation(Phase.TYPE, after.key, sql)
        if "not_null" in change.altered:
            if after.flag("not_null"):
                why = "Every table with a column of the domain would be read through while nobody can write to it."
                refuse_blocking(change, context, why, "Add a CHECK (VALUE IS NOT NULL) to it instead.")
            sql = f"{domain} {'SET' if after.flag('not_null') else 'DROP'} NOT NULL"
            yield Operation(Phase.TYPE, after.key, sql, Lock.SHARE if after.flag("not_null") else Lock.NONE)
        yield from _checks(domain, before, after)


def _checks(domain: str, before: Fact, after: Fact) -> Iterator[Operation]:
    """Those that differ are dropped and made; rows that are there are read for them later."""
    old, new = before.names("checks"), after.names("checks")
    for check in old:
        if check not in new:
            yield Operation(Phase.TYPE, after.key, f"{domain} DROP CONSTRAINT {_name(check)}", drop=True)
    for check in new:
        if check not in old:
            sql = f"{domain} ADD CONSTRAINT {check.removesuffix(_NOT_VALID)}{_NOT_VALID}"
            yield Operation(Phase.TYPE, after.key, sql)
            if not check.endswith(_NOT_VALID):
                sql = f"{domain} VALIDATE CONSTRAINT {_name(check)}"
                yield Operation(Phase.TYPE, after.key, sql, Lock.SHARE, stage=Stage.VALIDATE)


def _name(check: str) -> str:
    """The name a check begins with, quoted where it has to be."""
    return check[: check.index(" CHECK ")]
