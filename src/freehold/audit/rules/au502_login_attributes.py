"""AU502: a role that callers' statements run as could step around row security."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.audit.catalog import CALLERS, Catalog, RoleState
from freehold.audit.found import Fix, Found, Severity
from freehold.audit.rule import Example, Rule
from freehold.policies import quote_identifier, quote_literal

_WORD = {
    "SUPERUSER": "rolsuper", "BYPASSRLS": "rolbypassrls", "CREATEROLE": "rolcreaterole",
    "CREATEDB": "rolcreatedb", "REPLICATION": "rolreplication", "LOGIN": "rolcanlogin",
}  # fmt: skip


def _check(catalog: Catalog) -> Iterator[Found]:
    for name in (catalog.app, *CALLERS):
        role = catalog.roles.get(name)
        if role is None:
            continue
        wrong = [*role.attributes, *(["LOGIN"] if role.login and name in CALLERS else [])]
        for attribute in wrong:
            yield _found(role, attribute)


def _found(role: RoleState, attribute: str) -> Found:
    return Found(
        role.name,
        f"{role.name} is {attribute}.",
        Fix((f"ALTER ROLE {quote_identifier(role.name)} NO{attribute}",), superuser=True),
        f"SELECT NOT {_WORD[attribute]} FROM pg_roles WHERE rolname = {quote_literal(role.name)}",
        attribute,
    )


RULE = Rule(
    id="AU502",
    title="A caller's role has powers",
    severity=Severity.ERROR,
    why="A superuser and a BYPASSRLS role meet no policy. CREATEROLE and REPLICATION lead there. anon and authenticated "
    "are never logged in to: the application becomes them for one transaction.",
    remedy="Take the attribute away.",
    about=Catalog,
    check=_check,
    example=Example("alter role authenticated bypassrls", "alter role authenticated nobypassrls", superuser=True),
    covers=("SEC016",),
)
