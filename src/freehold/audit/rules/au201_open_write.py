"""AU201: a policy lets callers write rows without looking at whose they are."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.audit.catalog import CALLERS, Catalog, Policy, Table
from freehold.audit.expression import always_true, names_row
from freehold.audit.found import Fix, Found, Severity
from freehold.audit.rule import Example, Rule
from freehold.audit.words import alter_policy, mine, policy_absent


def _check(catalog: Catalog) -> Iterator[Found]:
    for table in catalog.tables:
        for policy in table.policies:
            if policy.permissive and policy.command != "SELECT" and any(policy.names(role) for role in CALLERS):
                yield from _open(table, policy)


def _open(table: Table, policy: Policy) -> Iterator[Found]:
    columns = frozenset(table.columns)
    texts = (policy.using,) if policy.command == "DELETE" else (policy.using, policy.written)
    for text in dict.fromkeys(filter(None, texts)):
        if text != "false" and (always_true(text) or not names_row(text, columns)):
            yield Found(
                policy.subject,
                f"{policy.subject} admits every row for {policy.command}: {text} does not look at the row.",
                Fix((alter_policy(table, policy, mine(table)),) if table.owner else (), python=_MODEL),
                policy_absent(policy, text),
                "write",
            )
            return


_MODEL = "# in the model: declare the owner, and leave the policy out\nuser_id: Col[UUID] = owner()"

RULE = Rule(
    id="AU201",
    title="A write policy admits every row",
    severity=Severity.ERROR,
    why="WITH CHECK (true), and checks that only ask whether somebody is signed in, let any user plant rows on another, "
    "give rows away, and change or delete what is not theirs.",
    remedy="Compare the owner column with the caller.",
    about=Catalog,
    check=_check,
    example=Example(
        "alter policy notes_update on public.notes with check ((select auth.uid()) is not null)",
        "alter policy notes_update on public.notes with check (user_id = (select auth.uid()) and title <> '')",
    ),
    covers=("SEC005", "SEC011", "SEC028", "SEC039"),
)
