"""AU205: an UPDATE policy's check lets a row leave its owner."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.audit.catalog import Catalog
from freehold.audit.expression import owners
from freehold.audit.found import Fix, Found, Severity
from freehold.audit.rule import Example, Rule
from freehold.audit.words import policy_absent
from freehold.policies import quote_identifier


def _check(catalog: Catalog) -> Iterator[Found]:
    for table in catalog.tables:
        for policy in table.policies:
            if policy.command not in ("UPDATE", "ALL") or not policy.check:
                continue
            for column in sorted(owners(policy.using) - owners(policy.check)):
                yield Found(
                    policy.subject,
                    f"{policy.subject} requires {column} to be the caller's before the change, and not after it.",
                    Fix(
                        (
                            f"ALTER POLICY {quote_identifier(policy.name)} ON {table.sql} WITH CHECK ({policy.using} AND {policy.check})",
                        )
                    ),
                    policy_absent(policy, policy.check),
                    column,
                )


RULE = Rule(
    id="AU205",
    title="The check of an UPDATE is weaker than its USING",
    severity=Severity.ERROR,
    why="USING says which rows may be changed, WITH CHECK what they may become. A check without the owner lets a user "
    "hand rows to another: plant them, or frame somebody.",
    remedy="Repeat the comparison with the caller in the check, or leave the check out, so that USING holds for both.",
    about=Catalog,
    check=_check,
    example=Example(
        "alter policy notes_update on public.notes with check (title <> '')",
        "alter policy notes_update on public.notes with check (user_id = (select auth.uid()) and title <> '')",
    ),
    covers=("SEC006", "SEC020", "SEC040"),
)
