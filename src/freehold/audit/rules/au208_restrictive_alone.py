"""AU208: only restrictive policies."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.audit.catalog import Catalog, Table
from freehold.audit.found import Fix, Found, Severity
from freehold.audit.rule import Example, Rule
from freehold.audit.words import mine, named
from freehold.policies import quote_identifier


def _check(catalog: Catalog) -> Iterator[Found]:
    for table in catalog.tables:
        if table.policies and not any(policy.permissive for policy in table.policies):
            yield Found(
                table.name,
                f"{table.name} has restrictive policies only, and they admit nothing by themselves.",
                Fix(
                    (f"CREATE POLICY {_name(table)} ON {table.sql} FOR SELECT TO authenticated USING ({mine(table)})",)
                ),
                f"SELECT EXISTS (SELECT FROM pg_policy WHERE polrelid = {named(table.name)}::regclass AND polpermissive)",
            )


def _name(table: Table) -> str:
    return quote_identifier(f"{table.bare[:50]}_select")


RULE = Rule(
    id="AU208",
    title="Restrictive policies alone",
    severity=Severity.WARNING,
    why="Restrictive policies only narrow what permissive ones admit. Alone they deny everything, and invite the quick "
    "repair USING (true).",
    remedy="Add the permissive policy that was meant.",
    about=Catalog,
    check=_check,
    example=Example(
        "create table public.r (user_id uuid not null); alter table public.r enable row level security; "
        "create policy r on public.r as restrictive for select using (user_id = (select auth.uid()))",
        "create table public.r (user_id uuid not null); alter table public.r enable row level security; "
        "create policy r on public.r for select to authenticated using (user_id = (select auth.uid()))",
    ),
    covers=("SEC012",),
)
