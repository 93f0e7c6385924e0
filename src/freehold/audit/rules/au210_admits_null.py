"""AU210: a policy that a caller without an id passes."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.audit.catalog import Catalog
from freehold.audit.expression import admits_null
from freehold.audit.found import Fix, Found, Severity
from freehold.audit.rule import Example, Rule
from freehold.audit.words import alter_policy, mine, policy_absent


def _check(catalog: Catalog) -> Iterator[Found]:
    for table in catalog.tables:
        for policy in table.policies:
            text = next((each for each in policy.expressions if admits_null(each)), None)
            if text is not None and policy.permissive:
                yield Found(
                    policy.subject,
                    f"{policy.subject} can hold for a caller who is nobody: {text}.",
                    Fix((alter_policy(table, policy, mine(table)),) if table.owner else (), python="-- compare with ="),
                    policy_absent(policy, text),
                )


RULE = Rule(
    id="AU210",
    title="A policy admits callers without an id",
    severity=Severity.ERROR,
    why="Without claims auth.uid() is NULL. IS NOT DISTINCT FROM, IS NULL and coalesce turn that into a match: anonymous "
    "callers see rows without an owner, or all rows.",
    remedy="Compare with =, which NULL never satisfies.",
    about=Catalog,
    check=_check,
    example=Example(
        "alter policy notes_select on public.notes using (user_id is not distinct from (select auth.uid()))",
        "alter policy notes_select on public.notes using (user_id = (select auth.uid()))",
    ),
    covers=("SEC004",),
)
