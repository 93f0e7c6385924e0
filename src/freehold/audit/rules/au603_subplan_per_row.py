"""AU603: a policy runs a query for every row."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.audit.explain import Plans
from freehold.audit.found import Fix, Found, Severity
from freehold.audit.rule import Example, Rule


def _check(plans: Plans) -> Iterator[Found]:
    for each in plans.explained:
        if any(
            node.get("Parent Relationship") == "SubPlan" and not str(node.get("Subplan Name", "")).startswith("hashed")
            for node in each.nodes()
        ) and not _hashed(each.plan or {}):
            yield Found(
                each.table.name,
                f"{each.command} by {each.role} on {each.table.name} runs a query of the policy for every row.",
                Fix(
                    python="-- exists (select 1 from m where m.id = t.id and m.user_id = ...)  becomes\n"
                    "-- t.id in (select m.id from m where m.user_id = (select auth.uid()))"
                ),
                key=f"{each.role} {each.command}",
            )


def _hashed(plan: dict[str, object]) -> bool:
    """Whether every filter that names a subplan names a hashed one."""
    texts = [str(value) for name, value in plan.items() if name.endswith(("Filter", "Cond"))]
    named = [text for text in texts if "SubPlan" in text]
    return bool(named) and all("hashed SubPlan" in text for text in named)


RULE = Rule(
    id="AU603",
    title="A policy runs a query for every row",
    severity=Severity.WARNING,
    why="A correlated subquery in a policy runs once for each row that the table has: 9,000 ms against 20 ms on 100,000 "
    "rows for the same rule written as a set.",
    remedy="Ask for the set once: column in (select ... where m.user_id = (select auth.uid())).",
    about=Plans,
    check=_check,
    example=Example(
        "create table public.member (user_id uuid, since timestamptz); grant select on public.member to authenticated; "
        "alter policy notes_select on public.notes using (exists (select 1 from public.member m "
        "where m.user_id = notes.user_id and m.since < notes.created_at))",
        "create table public.member (note_id uuid, user_id uuid); grant select on public.member to authenticated; "
        "alter policy notes_select on public.notes using (user_id = (select auth.uid()) and "
        "id in (select m.note_id from public.member m where m.user_id = (select auth.uid())))",
    ),
)
