"""AU206: one policy for all commands."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.audit.catalog import Catalog, Policy, Table
from freehold.audit.expression import unwrapped_calls
from freehold.audit.found import Fix, Found, Severity
from freehold.audit.rule import Example, Rule
from freehold.audit.words import policy_missing
from freehold.policies import quote_identifier


def _check(catalog: Catalog) -> Iterator[Found]:
    for table in catalog.tables:
        for policy in table.policies:
            if policy.command == "ALL" and policy.permissive:
                yield Found(
                    policy.subject,
                    f"{policy.subject} is FOR ALL: what holds for reading also decides what may be written and deleted.",
                    Fix(
                        (*_split(table, policy), f"DROP POLICY {quote_identifier(policy.name)} ON {table.sql}"),
                        mechanical=_sound(policy),
                    ),
                    policy_missing(policy),
                )


def _sound(policy: Policy) -> bool:
    """Whether nothing else about the policy is to be mended: two fixes of one policy do not go together."""
    return "public" not in policy.roles and not any(map(unwrapped_calls, policy.expressions))


def _split(table: Table, policy: Policy) -> Iterator[str]:
    roles = ", ".join("PUBLIC" if role == "public" else quote_identifier(role) for role in policy.roles)
    for command in ("SELECT", "INSERT", "UPDATE", "DELETE"):
        using = f" USING ({policy.using})" if command != "INSERT" and policy.using else ""
        check = f" WITH CHECK ({policy.written})" if command in ("INSERT", "UPDATE") else ""
        name = quote_identifier(f"{policy.name[:50]}_{command.lower()}")
        yield f"CREATE POLICY {name} ON {table.sql} FOR {command} TO {roles}{using}{check}"


RULE = Rule(
    id="AU206",
    title="A policy is FOR ALL",
    severity=Severity.WARNING,
    why="A policy that was widened so that more can be read widens what can be written and deleted in the same moment.",
    remedy="One policy for each command that is granted.",
    about=Catalog,
    check=_check,
    example=Example(
        "create policy wide on public.notes for all to authenticated using (user_id = (select auth.uid()))",
        "create policy wide on public.notes as restrictive for all to authenticated using (title <> '')",
    ),
)
