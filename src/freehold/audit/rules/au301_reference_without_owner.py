"""AU301: a foreign key to another owned table leaves the owner out."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.audit.catalog import Catalog, Reference, Table
from freehold.audit.found import Fix, Found, Severity
from freehold.audit.rule import Example, Rule
from freehold.audit.words import listed, named
from freehold.policies import quote_identifier, quote_literal


def crossing(catalog: Catalog) -> Iterator[tuple[Table, Reference, Table]]:
    """The foreign keys between owned tables that do not carry the owner, from a table callers may write."""
    for table in catalog.tables:
        for reference in table.references:
            parent = catalog.by_name.get(reference.target)
            if parent is None or table.owner is None or parent.owner is None:
                continue
            pairs = set(zip(reference.columns, reference.target_columns, strict=True))
            if (table.owner, parent.owner) not in pairs and reference.columns != (table.owner,):
                yield table, reference, parent


def _check(catalog: Catalog) -> Iterator[Found]:
    for table, reference, parent in crossing(catalog):
        yield Found(
            f"{table.name}.{reference.name}",
            f"{table.name} ({listed(reference.columns)}) refers to {parent.name} without its owner "
            f"({table.owner}): a row can refer to another user's.",
            Fix(_sql(table, reference, parent), python=_model(reference)),
            f"SELECT NOT EXISTS (SELECT FROM pg_constraint WHERE conname = {quote_literal(reference.name)} "
            f"AND conrelid = {named(table.name)}::regclass AND cardinality(conkey) = {len(reference.columns)})",
        )


def _sql(table: Table, reference: Reference, parent: Table) -> tuple[str, ...]:
    ours = ", ".join(map(quote_identifier, (table.owner or "", *reference.columns)))
    theirs = ", ".join(map(quote_identifier, (parent.owner or "", *reference.target_columns)))
    key = (parent.owner or "", *reference.target_columns)
    there = any(index.unique and not index.partial and index.columns == key for index in parent.indexes)
    unique = () if there else (f"ALTER TABLE {parent.sql} ADD UNIQUE ({theirs})",)
    name = quote_identifier(reference.name)
    return (
        *unique,
        f"ALTER TABLE {table.sql} DROP CONSTRAINT {name}",
        f"ALTER TABLE {table.sql} ADD CONSTRAINT {name} FOREIGN KEY ({ours}) REFERENCES {parent.sql} ({theirs})",
    )


def _model(reference: Reference) -> str:
    return f"# in the model\n{reference.columns[-1]}: Col[UUID] = belongs_to({reference.target.rpartition('.')[2].title()})"


RULE = Rule(
    id="AU301",
    title="A reference leaves the owner out",
    severity=Severity.ERROR,
    why="Foreign keys are checked by the server, past every policy. With the id alone a user refers to another's row, "
    "learns by the answer whether it exists, and what cascades from it reaches across.",
    remedy="Refer by (owner, id): belongs_to() in a model.",
    about=Catalog,
    check=_check,
    example=Example(
        "alter table public.notes add unique (id); alter table public.notes add column parent uuid "
        "constraint notes_parent references public.notes (id)",
        "alter table public.notes add column parent uuid, add constraint notes_parent "
        "foreign key (user_id, parent) references public.notes (user_id, id)",
    ),
    covers=("SEC047",),
)
