"""AU204: a policy trusts a claim that its user can edit."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.audit.catalog import Catalog
from freehold.audit.found import Fix, Found, Severity
from freehold.audit.rule import Example, Rule
from freehold.audit.words import policy_absent
from freehold.policies import quote_identifier

_EDITABLE = ("user_metadata", "raw_user_meta_data")


def _check(catalog: Catalog) -> Iterator[Found]:
    for table in catalog.tables:
        for policy in table.policies:
            for text in policy.expressions:
                if any(word in text for word in _EDITABLE):
                    fixed = text.replace("raw_user_meta_data", "raw_app_meta_data").replace(
                        "user_metadata", "app_metadata"
                    )
                    clause = "USING" if text == policy.using else "WITH CHECK"
                    yield Found(
                        policy.subject,
                        f"{policy.subject} decides by user_metadata, which users write themselves.",
                        Fix((f"ALTER POLICY {quote_identifier(policy.name)} ON {table.sql} {clause} ({fixed})",)),
                        policy_absent(policy, text),
                    )
                    break


RULE = Rule(
    id="AU204",
    title="A policy trusts user_metadata",
    severity=Severity.ERROR,
    why="user_metadata is what a user last sent to the sign-in service. A policy that reads a role or a tenant from it "
    "lets every user choose theirs.",
    remedy="Use app_metadata, which only the service writes, or a table.",
    about=Catalog,
    check=_check,
    example=Example(
        "alter policy notes_select on public.notes using "
        "(user_id = (select auth.uid()) or (select auth.jwt() -> 'user_metadata' ->> 'role') = 'admin')",
        "alter policy notes_select on public.notes using "
        "(user_id = (select auth.uid()) or (select auth.jwt() -> 'app_metadata' ->> 'role') = 'admin')",
    ),
    covers=("SEC033",),
)
