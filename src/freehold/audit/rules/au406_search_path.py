"""AU406: a definer function looks names up where its caller says."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.audit.catalog import Catalog, Routine
from freehold.audit.found import Fix, Found, Severity
from freehold.audit.rule import Example, Rule
from freehold.policies import quote_literal


def _check(catalog: Catalog) -> Iterator[Found]:
    for routine in catalog.routines:
        if routine.definer and routine.inside and not _safe(routine):
            yield Found(
                routine.subject,
                f"{routine.subject} runs as {routine.owner}, and its search_path is {_path(routine) or 'that of its caller'}.",
                Fix((f"ALTER {routine.sql} SET search_path = pg_catalog, pg_temp",), mechanical=True),
                "SELECT coalesce(proconfig::text LIKE '%pg_temp%', false) FROM pg_proc "
                f"WHERE oid = {quote_literal(routine.signature)}::regprocedure",
            )


def _path(routine: Routine) -> str:
    return next((each.partition("=")[2] for each in routine.settings if each.startswith("search_path=")), "")


def _safe(routine: Routine) -> bool:
    """Only an explicit pg_temp in the last place is not searched first (manual, CREATE FUNCTION)."""
    path = [part.strip(' "') for part in _path(routine).split(",")]
    return path[-1] == "pg_temp"


RULE = Rule(
    id="AU406",
    title="A definer function's search_path can be changed",
    severity=Severity.ERROR,
    why="Names in the function are looked up in the caller's search_path, and in pg_temp before everything unless it is "
    "named last. A caller who can make a table or a function there has it used with the owner's rights.",
    remedy="Fix the path, pg_temp last, and write the schema of everything else.",
    about=Catalog,
    check=_check,
    example=Example(
        "create function public.total() returns bigint language sql security definer "
        "set search_path = public as 'select count(*) from public.notes'; revoke all on function public.total() from public",
        "create function public.total() returns bigint language sql security definer "
        "set search_path = public, pg_temp as 'select count(*) from public.notes'; "
        "revoke all on function public.total() from public",
    ),
    covers=("SEC015",),
)
