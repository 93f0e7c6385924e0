"""AU105: a partition or an inheriting table is reached directly, where its parent's policies do not apply."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.audit.catalog import CALLERS, Catalog
from freehold.audit.found import Fix, Found, Severity
from freehold.audit.rule import Example, Rule
from freehold.audit.words import listed, reached_by_nobody


def _check(catalog: Catalog) -> Iterator[Found]:
    for table in catalog.tables:
        if table.fact.names("parents") and table.reachable:
            yield Found(
                table.name,
                f"{listed(table.reach)} can name {table.name} itself; the policies of "
                f"{', '.join(table.fact.names('parents'))} hold only for statements that name the parent.",
                Fix((f"REVOKE ALL ON TABLE {table.sql} FROM PUBLIC, {', '.join(CALLERS)}",), mechanical=True),
                reached_by_nobody(table.name),
            )


RULE = Rule(
    id="AU105",
    title="A partition or child table is reachable",
    severity=Severity.ERROR,
    why="Policies belong to the table a statement names. A statement that names the partition never meets its parent's.",
    remedy="Revoke everything on children; callers go through the parent.",
    about=Catalog,
    check=_check,
    example=Example(
        "create table public.old_notes () inherits (public.notes); grant select on public.old_notes to authenticated",
        "create table public.old_notes () inherits (public.notes)",
    ),
    covers=("SEC041", "SEC043"),
)
