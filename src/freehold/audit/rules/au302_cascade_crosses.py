"""AU302: deleting one user's row deletes or changes another's."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.audit.catalog import Catalog
from freehold.audit.found import Fix, Found, Severity
from freehold.audit.rule import Example, Rule
from freehold.audit.rules.au301_reference_without_owner import crossing
from freehold.audit.words import named
from freehold.policies import quote_identifier, quote_literal


def _check(catalog: Catalog) -> Iterator[Found]:
    for table, reference, parent in crossing(catalog):
        if reference.cascades:
            name = quote_identifier(reference.name)
            ours, theirs = (", ".join(map(quote_identifier, c)) for c in (reference.columns, reference.target_columns))
            yield Found(
                f"{table.name}.{reference.name}",
                f"Deleting a row of {parent.name} writes to rows of {table.name}, whosever they are.",
                Fix(
                    (
                        f"ALTER TABLE {table.sql} DROP CONSTRAINT {name}",
                        f"ALTER TABLE {table.sql} ADD CONSTRAINT {name} FOREIGN KEY ({ours}) REFERENCES {parent.sql} ({theirs})",
                    )
                ),
                f"SELECT confdeltype IN ('a', 'r') FROM pg_constraint WHERE conname = {quote_literal(reference.name)} "
                f"AND conrelid = {named(table.name)}::regclass",
            )


RULE = Rule(
    id="AU302",
    title="A cascade crosses owners",
    severity=Severity.WARNING,
    why="ON DELETE CASCADE and SET NULL run past every policy. Through a key without the owner, a user who deletes a row "
    "deletes whatever others made refer to it.",
    remedy="Make the reference (owner, id) first (AU301); it may cascade then.",
    about=Catalog,
    check=_check,
    example=Example(
        "alter table public.notes add unique (id); alter table public.notes add column parent uuid "
        "constraint notes_parent references public.notes (id) on delete cascade",
        "alter table public.notes add column parent uuid, add constraint notes_parent "
        "foreign key (user_id, parent) references public.notes (user_id, id) on delete cascade",
    ),
)
