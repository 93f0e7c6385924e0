"""Default privileges of the owner: what objects made later are granted."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.catalog import OWNER, Change, Fact
from freehold.migrations.context import Context
from freehold.migrations.operation import Operation, Phase
from freehold.migrations.rules.name import qualified, role
from freehold.migrations.rules.rule import Rule, unsupported


class DefaultPrivilegeRule(Rule):
    """Migrations run as the owner, and can alter only the owner's."""

    def add(self, fact: Fact, context: Context) -> Iterator[Operation]:
        option = " WITH GRANT OPTION" if fact.flag("grantable") else ""
        yield _operation(fact, "GRANT {} ON {} TO {}" + option)

    def drop(self, fact: Fact, context: Context) -> Iterator[Operation]:
        yield _operation(fact, "REVOKE {} ON {} FROM {}", drop=True)

    def recreates(self, change: Change) -> bool:
        return True


def _operation(fact: Fact, form: str, *, drop: bool = False) -> Operation:
    owner, schema, objects, grantee, privilege = fact.key
    if owner != OWNER:
        raise unsupported(Change(None, fact), "Only the owner's own default privileges can be migrated.")
    where = f" IN SCHEMA {qualified(schema)}" if schema else ""
    sql = f"ALTER DEFAULT PRIVILEGES{where} {form.format(privilege, objects, role(grantee))}"
    return Operation(Phase.DEFAULT_PRIVILEGE, fact.key, sql, drop=drop)
