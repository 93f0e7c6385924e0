"""AU501: a role that callers' statements run as owns something."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.audit.catalog import Catalog
from freehold.audit.found import Fix, Found, Severity
from freehold.audit.rule import Example, Rule
from freehold.policies import quote_identifier, quote_literal


def _check(catalog: Catalog) -> Iterator[Found]:
    logins = [catalog.roles[name] for name in (catalog.app,) if name in catalog.roles]
    for role in (*catalog.callers, *logins):
        if role.owns:
            shown = ", ".join(role.owns[:3]) + (f" and {len(role.owns) - 3} more" if len(role.owns) > 3 else "")
            yield Found(
                role.name,
                f"{role.name} owns {shown}: whoever it runs for may disable the policies and drop them.",
                Fix(
                    (f"REASSIGN OWNED BY {quote_identifier(role.name)} TO {quote_identifier(catalog.owner)}",),
                    superuser=True,
                ),
                "SELECT NOT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
                f"WHERE c.relowner = {quote_literal(quote_identifier(role.name))}::regrole AND n.nspname !~ '^pg_')",
            )


RULE = Rule(
    id="AU501",
    title="A caller's role owns objects",
    severity=Severity.ERROR,
    why="An owner may disable row security, drop policies and grant itself everything back, whatever was revoked.",
    remedy="Let the role that migrates own everything.",
    about=Catalog,
    check=_check,
    example=Example(
        "create table public.theirs (); alter table public.theirs owner to authenticated",
        "create table public.theirs ()",
        superuser=True,
    ),
)
