"""Default privileges of the owner: what objects made later are granted."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.catalog import OWNER, Change, Fact, Kind
from freehold.migrations.context import Context
from freehold.migrations.operation import Operation, Phase
from freehold.migrations.rules.name import qualified, role
from freehold.migrations.rules.privilege import MAINTAIN, granted, revoked
from freehold.migrations.rules.rule import Rule, unsupported


class DefaultPrivilegeRule(Rule):
    """Migrations run as the owner, and can alter only the owner's."""

    def add(self, fact: Fact, context: Context) -> Iterator[Operation]:
        option = " WITH GRANT OPTION" if fact.flag("grantable") else ""
        kept = context.after.of(Kind.DEFAULT_PRIVILEGE, *fact.key[:4])
        held = {each.key[4] for each in kept if each.flag("grantable") == fact.flag("grantable")}
        yield _operation(fact, f"GRANT {granted(fact.key[4], held)} ON {{}} TO {{}}{option}")

    def drop(self, fact: Fact, context: Context) -> Iterator[Operation]:
        yield _operation(fact, f"REVOKE {revoked(fact.key[4])} ON {{}} FROM {{}}", drop=True)
        if fact.key[4] == MAINTAIN:
            for kept in context.after.of(Kind.DEFAULT_PRIVILEGE, *fact.key[:4]):
                yield from self.add(kept, context)

    def recreates(self, change: Change) -> bool:
        return True


def _operation(fact: Fact, form: str, *, drop: bool = False) -> Operation:
    owner, schema, objects, grantee, _ = fact.key
    if owner != OWNER:
        raise unsupported(Change(None, fact), "Only the owner's own default privileges can be migrated.")
    where = f" IN SCHEMA {qualified(schema)}" if schema else ""
    sql = f"ALTER DEFAULT PRIVILEGES{where} {form.format(objects, role(grantee))}"
    return Operation(Phase.DEFAULT_PRIVILEGE, fact.key, sql, drop=drop)
