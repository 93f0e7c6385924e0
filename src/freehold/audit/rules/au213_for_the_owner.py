"""AU213: a policy for the tables' owner that no declared function needs."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.audit.catalog import Catalog, Policy
from freehold.audit.found import Fix, Found, Severity
from freehold.audit.rule import Example, Rule
from freehold.audit.words import policy_missing
from freehold.catalog import OWNER
from freehold.policies import quote_identifier


def _check(catalog: Catalog) -> Iterator[Found]:
    for table in catalog.tables:
        for policy in table.policies:
            if for_the_owner(policy) and not catalog.opens(policy):
                yield Found(
                    policy.subject,
                    f"{policy.subject} lets whatever runs as the owner of the tables past the row security of {table.name}.",
                    Fix((f"DROP POLICY {quote_identifier(policy.name)} ON {table.sql}",)),
                    policy_missing(policy),
                )


def for_the_owner(policy: Policy) -> bool:
    """Whether it is for the tables' owner and nobody else."""
    return policy.permissive and policy.roles == (OWNER,)


RULE = Rule(
    id="AU213",
    title="A policy for the owner of the tables",
    severity=Severity.WARNING,
    why="Row security is forced so that functions which run as the owner see no more than they are let. A policy for the "
    "owner opens the table to every such function, those written later included.",
    remedy="Drop it, or declare the function that needs it in the model (__functions__), which brings its policies along.",
    about=Catalog,
    check=_check,
    example=Example(
        "create policy notes_select_definer on public.notes for select to current_user using (true)",
        "alter policy notes_select on public.notes to authenticated",
    ),
)
