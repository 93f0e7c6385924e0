"""AU203: a policy compares a column with itself."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.audit.catalog import Catalog
from freehold.audit.expression import tautologies
from freehold.audit.found import Fix, Found, Severity
from freehold.audit.rule import Example, Rule
from freehold.audit.words import policy_absent


def _check(catalog: Catalog) -> Iterator[Found]:
    for table in catalog.tables:
        for policy in table.policies:
            for text in policy.expressions:
                for comparison in tautologies(text):
                    column = comparison.split()[0].rpartition(".")[2]
                    yield Found(
                        policy.subject,
                        f"{policy.subject} compares a column with itself ({comparison}): a name was captured.",
                        Fix(python=f"# qualify the outer column in the subquery\n... = {table.bare}.{column}"),
                        policy_absent(policy, text),
                        comparison,
                    )


RULE = Rule(
    id="AU203",
    title="A column is compared with itself",
    severity=Severity.ERROR,
    why="In exists (select 1 from team_user where team_user.team_id = team_id) the inner table's column wins: the "
    "comparison is true for every row, and membership of any team opens all teams.",
    remedy="Write the outer column with its table's name; in a model, build the predicate from t, which is qualified.",
    about=Catalog,
    check=_check,
    example=Example(
        "create table public.member (note_id uuid, user_id uuid); alter policy notes_select on public.notes using "
        "(exists (select 1 from public.member m where m.note_id = note_id and m.user_id = (select auth.uid())))",
        "create table public.member (note_id uuid, user_id uuid); alter policy notes_select on public.notes using "
        "(exists (select 1 from public.member m where m.note_id = notes.id and m.user_id = (select auth.uid())))",
    ),
)
