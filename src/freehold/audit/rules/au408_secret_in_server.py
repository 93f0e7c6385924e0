"""AU408: a secret stands in a setting or in the source of a function."""

from __future__ import annotations

import re
from collections.abc import Iterator

from freehold.audit.catalog import Catalog
from freehold.audit.found import Fix, Found, Severity
from freehold.audit.rule import Example, Rule
from freehold.policies import quote_identifier

_NAME = re.compile(r"secret|password|passwd|api_?key|private_?key|token|encryption_?key", re.IGNORECASE)
_VALUE = re.compile(
    r"\b(?:sk-[\w-]{16,}|gh[pousr]_\w{20,}|AKIA[0-9A-Z]{16}|xox[abp]-[\w-]{10,}|eyJ[\w-]{10,}\.eyJ[\w-]{10,})|"
    r"-----BEGIN [A-Z ]*PRIVATE KEY"
)
_ASSIGNED = re.compile(
    r"(?:secret|password|passwd|api_?key|private_?key|encryption_?key)\w*['\"]?\s*(?::=|=>|=|,)\s*'[^']{12,}'",
    re.IGNORECASE,
)


def _check(catalog: Catalog) -> Iterator[Found]:
    for database, role, entry in catalog.settings:
        name, _, value = entry.partition("=")
        if "." in name and value and (_NAME.search(name) or _VALUE.search(value)):
            target = f"ROLE {quote_identifier(role)}" if role else f"DATABASE {quote_identifier(database)}"
            yield Found(
                f"setting {name}",
                f"{name} is kept for {(role or database)}; every role reads it with current_setting().",
                Fix((f"ALTER {target} RESET {name}",), superuser=True),
                f"SELECT NOT EXISTS (SELECT FROM pg_db_role_setting WHERE setconfig::text LIKE '%{name}=%')",
                target,
            )
    for routine in catalog.routines:
        if routine.inside and (_VALUE.search(routine.source) or _ASSIGNED.search(routine.source)):
            yield Found(
                routine.subject,
                f"The source of {routine.subject} holds what looks like a secret; every role reads it in pg_proc.",
                Fix(
                    python="-- change the secret first: it is known. Then keep it outside of the database, or in a vault"
                ),
                key="source",
            )


RULE = Rule(
    id="AU408",
    title="A secret stands in the server",
    severity=Severity.ERROR,
    why="Settings of roles and databases, and the source of every function, are readable by every role that can connect, "
    "and are in every dump.",
    remedy="Treat it as known: change it. Keep secrets in the application's key ring, or sealed in a table.",
    about=Catalog,
    check=_check,
    example=Example(
        "create function public.call() returns text language sql as 'select ''sk-live-0123456789abcdef0123'''; "
        "revoke all on function public.call() from public",
        "create function public.call() returns text language sql as 'select ''a token is needed'''; "
        "revoke all on function public.call() from public",
    ),
)
