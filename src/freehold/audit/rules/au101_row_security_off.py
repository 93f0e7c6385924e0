"""AU101: a table that callers reach has no row security."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.audit.catalog import Catalog
from freehold.audit.found import Found, Severity
from freehold.audit.rule import Example, Rule
from freehold.audit.words import enabled, listed, relation_is


def _check(catalog: Catalog) -> Iterator[Found]:
    for table in catalog.tables:
        if table.reachable and not table.guarded and table.fact.text("kind") != "foreign" and not table.policies:
            yield Found(
                table.name,
                f"{listed(table.reach)} can reach every row of {table.name}: row security is not enabled.",
                enabled(table),
                relation_is(table.name, "c.relrowsecurity"),
            )


RULE = Rule(
    id="AU101",
    title="Row security is not enabled",
    severity=Severity.ERROR,
    why="Without row security a grant is a grant on every user's rows. Grants on single columns and on the parent of "
    "partitions count as well.",
    remedy="Enable and force it. Until there are policies nobody sees a row; declare the owner in the model to get them.",
    about=Catalog,
    check=_check,
    example=Example(
        "create table public.leak (id int); grant select (id) on public.leak to authenticated",
        "create table public.leak (id int)",
    ),
    covers=("SEC001", "SEC051"),
)
