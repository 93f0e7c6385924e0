"""AU405: callers may execute a function that runs as its owner."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.audit.catalog import CALLERS, Catalog, Routine
from freehold.audit.found import Fix, Found, Severity
from freehold.audit.rule import Example, Rule
from freehold.audit.words import listed
from freehold.policies import quote_literal


def _check(catalog: Catalog) -> Iterator[Found]:
    for routine in catalog.routines:
        meant = catalog.executor(routine)
        who: list[str] = [role for role in ("public", *CALLERS) if role in routine.executable_by and role != meant]
        if routine.definer and routine.inside and not routine.trigger and who:
            yield _found(routine, who, meant)


def _found(routine: Routine, who: list[str], meant: str | None) -> Found:
    others = ["PUBLIC", *(role for role in CALLERS if role != meant)]
    return Found(
        routine.subject,
        f"{listed(who)} may execute {routine.subject}, which runs with the rights of {routine.owner}.",
        Fix((f"REVOKE EXECUTE ON {routine.sql} FROM {', '.join(others)}",), mechanical=True),
        "SELECT bool_and(NOT has_function_privilege(r, "
        f"{quote_literal(routine.signature)}::regprocedure, 'EXECUTE')) "
        f"FROM unnest(ARRAY[{', '.join(map(quote_literal, others[1:]))}]) AS r",
    )


RULE = Rule(
    id="AU405",
    title="A definer function is executable by callers",
    severity=Severity.ERROR,
    why="A SECURITY DEFINER function runs as its owner, whom policies may not bind, and PUBLIC may execute every new "
    "function unless that is revoked. What it does with its arguments is the only protection left.",
    remedy="Revoke EXECUTE. Where callers need it, keep it small, let it compare with auth.uid(), and declare it in the "
    "model (__functions__): what a model declares, to whom and with which body, is not found.",
    about=Catalog,
    check=_check,
    example=Example(
        "create function public.total() returns bigint language sql security definer "
        "set search_path = pg_catalog, pg_temp as 'select count(*) from public.notes'",
        "create function public.total() returns bigint language sql security definer "
        "set search_path = pg_catalog, pg_temp as 'select count(*) from public.notes'; "
        "revoke execute on function public.total() from public",
    ),
    covers=("SEC014", "SEC042", "VIEW004"),
)
