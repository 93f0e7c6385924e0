"""AU207: several permissive policies for one role and command."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.audit.catalog import CALLERS, Catalog, Policy
from freehold.audit.found import Fix, Found, Severity
from freehold.audit.rule import Example, Rule
from freehold.audit.words import policy_missing
from freehold.policies import quote_identifier


def _check(catalog: Catalog) -> Iterator[Found]:
    for table in catalog.tables:
        for role in CALLERS:
            for command in ("SELECT", "INSERT", "UPDATE", "DELETE"):
                same = [p for p in table.policies if p.permissive and p.covers(command) and p.names(role)]
                if len(same) > 1:
                    yield Found(
                        table.name,
                        f"{len(same)} permissive policies of {table.name} are for {command} by {role}: any one of them is enough.",
                        Fix((f"DROP POLICY {quote_identifier(same[-1].name)} ON {table.sql}",), python=_ask(same)),
                        policy_missing(same[-1]),
                        f"{role} {command}",
                    )


def _ask(same: list[Policy]) -> str:
    return f"-- first add what it is to allow to {same[0].name}, as one expression"


RULE = Rule(
    id="AU207",
    title="Several permissive policies",
    severity=Severity.WARNING,
    why="Permissive policies are joined by OR: the weakest decides, and whoever reads one of them believes that it holds. "
    "Each also runs for every row.",
    remedy="Keep one policy for each role and command, and write the alternatives in it.",
    about=Catalog,
    check=_check,
    example=Example(
        "create policy also on public.notes for select to authenticated using (user_id = (select auth.uid()) or title = 'x')",
        "create policy also on public.notes as restrictive for select to authenticated using (title <> 'x')",
    ),
)
