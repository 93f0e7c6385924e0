"""AU602: a plan reads the whole table although it was told to avoid it."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.audit.explain import Explained, Plans
from freehold.audit.expression import always_true
from freehold.audit.found import Fix, Found, Severity
from freehold.audit.rule import Example, Rule

_READS = frozenset({"Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Heap Scan"})


def _check(plans: Plans) -> Iterator[Found]:
    for each in plans.explained:
        if each.plan is not None and _scanned(each) and _indexed(each) and not _open(each):
            yield Found(
                each.table.name,
                f"{each.command} by {each.role} reads all of {each.table.name}: no index can serve its policy.",
                Fix(
                    python="-- compare the owner column itself with = and (select auth.uid()), on an index that begins with it;\n"
                    "-- in alternatives, each on an index of its own: id = any (array(select ...)), not id in (select ...)"
                ),
                key=f"{each.role} {each.command}",
            )


def _scanned(each: Explained) -> bool:
    return any(
        node["Node Type"] in _READS
        and not {"Index Cond", "Recheck Cond"} & node.keys()
        and node.get("Relation Name") == each.table.bare
        and node.get("Parent Relationship") not in ("InitPlan", "SubPlan")
        for node in each.nodes()
    )


def _indexed(each: Explained) -> bool:
    """Whether the owner's index is there: what is missing without it is another rule's (AU304)."""
    return each.table.owner is None or any(
        index.valid and not index.partial and index.columns[0] == each.table.owner for index in each.table.indexes
    )


def _open(each: Explained) -> bool:
    policies = [p for p in each.table.policies if p.permissive and p.covers(each.command) and p.names(each.role)]
    return any(always_true(policy.using) for policy in policies if policy.using)


RULE = Rule(
    id="AU602",
    title="No index serves the policy",
    severity=Severity.WARNING,
    why="The policy is part of every statement. An alternative by OR, a function around the column, or an operator that is "
    "not leakproof (LIKE, jsonb @>, numeric =) keeps the index from being used, and every statement reads every row.",
    remedy="Write the policy so that the indexed column is compared with = to something that is computed once.",
    about=Plans,
    check=_check,
    example=Example(
        "alter policy notes_select on public.notes using (user_id::text = (select auth.uid()::text))",
        "alter policy notes_select on public.notes using (user_id = (select auth.uid()))",
    ),
    covers=("PERF004",),
)
