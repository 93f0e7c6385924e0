"""AU212: a policy calls a volatile function."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.audit.catalog import Catalog
from freehold.audit.found import Fix, Found, Severity
from freehold.audit.rule import Example, Rule
from freehold.policies import quote_literal


def _check(catalog: Catalog) -> Iterator[Found]:
    for routine in catalog.routines:
        if routine.policies and routine.volatility == "v":
            yield Found(
                routine.subject,
                f"{', '.join(routine.policies)} calls {routine.subject}, which is declared volatile.",
                Fix((f"ALTER {routine.sql} STABLE",)),
                f"SELECT provolatile <> 'v' FROM pg_proc WHERE oid = {quote_literal(routine.signature)}::regprocedure",
            )


RULE = Rule(
    id="AU212",
    title="A policy calls a volatile function",
    severity=Severity.WARNING,
    why="A volatile function runs for every row and forbids the index: every statement reads the whole table. VOLATILE is "
    "what a function is when nothing is said.",
    remedy="Declare it STABLE if it only reads.",
    about=Catalog,
    check=_check,
    example=Example(
        "create function public.me() returns uuid language sql set search_path = pg_catalog, pg_temp "
        "as 'select auth.uid()'; revoke all on function public.me() from public; "
        "alter policy notes_select on public.notes using (user_id = (select public.me()))",
        "create function public.me() returns uuid language sql stable set search_path = pg_catalog, pg_temp "
        "as 'select auth.uid()'; revoke all on function public.me() from public; "
        "alter policy notes_select on public.notes using (user_id = (select public.me()))",
    ),
    covers=("PERF002",),
)
