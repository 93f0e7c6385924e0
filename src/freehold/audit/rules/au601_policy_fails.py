"""AU601: a statement that callers may run fails in its policy."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.audit.explain import Explained, Plans
from freehold.audit.found import Fix, Found, Severity
from freehold.audit.rule import Example, Rule

_REASONS = {
    "42P17": "its policies refer to each other without end",
    "42501": "its policy reads something that the caller may not",
}


def _check(plans: Plans) -> Iterator[Found]:
    for each in plans.explained:
        if each.sqlstate in _REASONS:
            yield _found(each)


def _found(each: Explained) -> Found:
    hint = (
        "-- read the other table in a small STABLE SECURITY DEFINER function, and call that in the policy"
        if each.sqlstate == "42P17"
        else f"-- grant {each.role} what the policy reads, or read it in a STABLE SECURITY DEFINER function"
    )
    return Found(
        each.table.name,
        f"{each.command} on {each.table.name} fails for {each.role}: {_REASONS[each.sqlstate]} ({each.message}).",
        Fix(python=hint),
        key=f"{each.role} {each.command}",
    )


RULE = Rule(
    id="AU601",
    title="A policy fails when it runs",
    severity=Severity.ERROR,
    why="PostgreSQL looks into a policy only when a caller's statement meets it. One that recurses or reads what the caller "
    "may not makes every statement fail, and the next repair is often to open the table.",
    remedy="Move what the policy reads into a small function that is STABLE and SECURITY DEFINER.",
    about=Plans,
    check=_check,
    example=Example(
        "alter policy notes_select on public.notes using (user_id = (select auth.uid()) or "
        "exists (select 1 from public.notes n where n.title = notes.title))",
        "alter policy notes_select on public.notes using (user_id = (select auth.uid()) and title is not null)",
    ),
)
