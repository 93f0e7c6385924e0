"""AU104: row security is enabled and not forced."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.audit.catalog import Catalog
from freehold.audit.found import Fix, Found, Severity
from freehold.audit.rule import Example, Rule
from freehold.audit.words import relation_is


def _check(catalog: Catalog) -> Iterator[Found]:
    for table in catalog.tables:
        if table.guarded and not table.fact.flag("forced"):
            yield Found(
                table.name,
                f"The owner of {table.name}, and every definer function of that owner, passes its policies by.",
                Fix((f"ALTER TABLE {table.sql} FORCE ROW LEVEL SECURITY",), mechanical=True),
                relation_is(table.name, "c.relforcerowsecurity"),
            )


RULE = Rule(
    id="AU104",
    title="Row security is not forced",
    severity=Severity.WARNING,
    why="A table's owner is not subject to its policies unless they are forced. Views without security_invoker, definer "
    "functions and whoever gets hold of the owner's login then see every row.",
    remedy="Force it.",
    about=Catalog,
    check=_check,
    example=Example(
        "alter table public.notes no force row level security", "alter table public.notes force row level security"
    ),
    covers=("SEC002", "SEC048"),
)
