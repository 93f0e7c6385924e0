"""AU106: the column that says whose a row is may be NULL."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.audit.catalog import Catalog, quoted
from freehold.audit.found import Fix, Found, Severity
from freehold.audit.rule import Example, Rule
from freehold.audit.words import column_is
from freehold.policies import quote_identifier


def _check(catalog: Catalog) -> Iterator[Found]:
    for table in catalog.tables:
        column = table.columns.get(table.owner or "")
        if column is not None and not column.flag("not_null"):
            name = column.key[2]
            yield Found(
                f"{table.name}.{name}",
                f"{table.name}.{name} says whose a row is, and may be NULL: such rows belong to nobody.",
                Fix((f"ALTER TABLE {quoted(table.name)} ALTER COLUMN {quote_identifier(name)} SET NOT NULL",)),
                column_is(table.name, name, "a.attnotnull"),
            )


RULE = Rule(
    id="AU106",
    title="The owner may be NULL",
    severity=Severity.ERROR,
    why="A row without an owner is seen by nobody, deleted by nobody, and shown to anonymous callers by the first policy "
    "that compares with IS NOT DISTINCT FROM.",
    remedy="Give every row an owner, then set the column NOT NULL; in a model, declare it with owner().",
    about=Catalog,
    check=_check,
    example=Example(
        "alter table public.notes drop constraint notes_pkey; alter table public.notes alter column user_id drop not null",
        "alter table public.notes alter column title set not null",
    ),
    covers=("SEC030",),
)
