"""AU503: the application's login is a member of more than it needs."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.audit.catalog import CALLERS, Catalog
from freehold.audit.found import Fix, Found, Severity
from freehold.audit.rule import Example, Rule
from freehold.policies import quote_identifier, quote_literal


def _check(catalog: Catalog) -> Iterator[Found]:
    allowed = {catalog.app: set(CALLERS), **{name: set[str]() for name in CALLERS}}
    for name, may_be in allowed.items():
        role = catalog.roles.get(name)
        for other in role.becomes if role is not None else ():
            if other not in may_be:
                yield Found(
                    name,
                    f"{name} can become {other}.",
                    Fix((f"REVOKE {quote_identifier(other)} FROM {quote_identifier(name)}",), superuser=True),
                    f"SELECT NOT pg_has_role({quote_literal(name)}, {quote_literal(other)}, 'MEMBER')",
                    other,
                )
        for other in role.inherits if role is not None else ():
            if other in may_be:
                yield Found(
                    name,
                    f"{name} has the rights of {other} without becoming it: a statement outside a scope still works.",
                    Fix((f"GRANT {other} TO {quote_identifier(name)} WITH INHERIT FALSE",), superuser=True),
                    f"SELECT NOT pg_has_role({quote_literal(name)}, {quote_literal(other)}, 'USAGE')",
                    f"inherits {other}",
                )


RULE = Rule(
    id="AU503",
    title="A login can become more than a caller",
    severity=Severity.ERROR,
    why="What the login can become, an injected SET ROLE can. What it inherits works without any identity at all.",
    remedy="Let it be a member of anon and authenticated alone, without inheriting them: freehold bootstrap repairs it.",
    about=Catalog,
    check=_check,
    example=Example("grant service_role to authenticated", "revoke service_role from authenticated", superuser=True),
    covers=("SEC029",),
)
