"""AU202: everybody reads the rows of a table that has owners."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.audit.catalog import CALLERS, Catalog
from freehold.audit.expression import always_true, names_row
from freehold.audit.found import Fix, Found, Severity
from freehold.audit.rule import Example, Rule
from freehold.audit.words import alter_policy, mine, policy_absent


def _check(catalog: Catalog) -> Iterator[Found]:
    for table in catalog.tables:
        columns = frozenset(table.columns)
        for policy in table.policies:
            if not policy.permissive or not policy.covers("SELECT") or table.owner is None:
                continue
            if not any(policy.names(role) for role in CALLERS) or policy.using == "false":
                continue
            if always_true(policy.using) or not names_row(policy.using, columns):
                yield Found(
                    policy.subject,
                    f"{policy.subject} shows every row of {table.name}, which has an owner ({table.owner}).",
                    Fix((alter_policy(table, policy, mine(table)),)),
                    policy_absent(policy, policy.using),
                    "read",
                )


RULE = Rule(
    id="AU202",
    title="A table with owners is read by everybody",
    severity=Severity.ERROR,
    why="A table that other policies bind to an owner holds what belongs to that owner. One SELECT policy without the "
    "owner shows all of it.",
    remedy="Compare the owner column with the caller; a table that is meant for everybody has no owner (Access.PUBLIC_READ).",
    about=Catalog,
    check=_check,
    example=Example(
        "create policy everybody on public.notes for select to anon using (true)",
        "create policy drafts on public.notes for select to authenticated "
        "using (user_id = (select auth.uid()) and title is null)",
    ),
    covers=("SEC008", "SEC038"),
)
