"""AU103: a table has policies, and row security is not enabled."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.audit.catalog import Catalog
from freehold.audit.found import Found, Severity
from freehold.audit.rule import Example, Rule
from freehold.audit.words import enabled, relation_is


def _check(catalog: Catalog) -> Iterator[Found]:
    for table in catalog.tables:
        if table.policies and not table.guarded:
            yield Found(
                table.name,
                f"{table.name} has {len(table.policies)} policies that nothing applies: row security is not enabled.",
                enabled(table),
                relation_is(table.name, "c.relrowsecurity"),
            )


RULE = Rule(
    id="AU103",
    title="Policies without row security",
    severity=Severity.ERROR,
    why="Policies do nothing until row security is enabled on the table: it looks protected in every review, and is open.",
    remedy="Enable and force row security.",
    about=Catalog,
    check=_check,
    example=Example(
        "alter table public.notes disable row level security", "alter table public.notes enable row level security"
    ),
    covers=("SEC032",),
)
