"""AU303: a unique constraint over all users, on something a caller chooses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from freehold.audit.catalog import CALLERS, Catalog, Index, Table
from freehold.audit.found import Fix, Found, Severity
from freehold.audit.rule import Example, Rule
from freehold.audit.words import named
from freehold.policies import quote_identifier

_DRAWN: Final = re.compile(r"(?:^|_)(?:secret|token|api_?key)_hash$")


def _check(catalog: Catalog) -> Iterator[Found]:
    for table in catalog.tables:
        if table.owner is None:
            continue
        writable = frozenset(
            name for role in CALLERS for command in ("INSERT", "UPDATE") for name in table.writable(role, command)
        )
        for index in table.indexes:
            chosen = [name for name in index.columns if name in writable]
            if index.unique and table.owner not in index.columns and chosen and not _opaque(catalog, table, index):
                yield _found(table, index)


def _opaque(catalog: Catalog, table: Table, index: Index) -> bool:
    """A value nobody can guess: an id drawn at random, or the hash of a secret, which callers neither read nor change.

    The model says that it is one (``scope="secret"``). Only of a table without a model the name has to tell.
    """
    if len(index.columns) != 1:
        return False
    (name,) = index.columns
    shown = any(name in table.writable(role, command) for role in CALLERS for command in ("SELECT", "UPDATE"))
    secrets = catalog.secrets.get(table.name)
    drawn = _DRAWN.search(name) is not None if secrets is None else name in secrets
    return index.primary or (drawn and not shown)


def _found(table: Table, index: Index) -> Found:
    return Found(
        f"{table.name}.{index.name}",
        f"{index.name} is unique over all users: an insert tells whether anybody has the value of "
        f"({', '.join(name or 'an expression' for name in index.columns)}).",
        Fix(
            _sql(table, index), python="" if all(index.columns) else "-- make the index again, beginning with the owner"
        ),
        f"SELECT to_regclass({named(_schema(table) + '.' + index.name)}) IS NULL",
    )


def _sql(table: Table, index: Index) -> tuple[str, ...]:
    """The same with the owner first, where the index is of plain columns."""
    if not all(index.columns):
        return ()
    columns = ", ".join(map(quote_identifier, (table.owner or "", *index.columns)))
    return (f"CREATE UNIQUE INDEX ON {table.sql} ({columns})", *_drop(table, index))


def _drop(table: Table, index: Index) -> tuple[str, ...]:
    name = quote_identifier(index.name)
    schema = quote_identifier(_schema(table))
    return (f"ALTER TABLE {table.sql} DROP CONSTRAINT IF EXISTS {name}", f"DROP INDEX IF EXISTS {schema}.{name}")


def _schema(table: Table) -> str:
    return table.fact.key[0]


RULE = Rule(
    id="AU303",
    title="Unique over all users",
    severity=Severity.WARNING,
    why="A unique violation tells a caller that somebody else has the value: which addresses have an account, which names "
    "are taken. Upserts and MERGE tell the same. The hash of a secret, which callers neither read nor change, is no such "
    "value: whoever can ask for it has the secret.",
    remedy="Begin the constraint with the owner. Where a value must be unique over all, let the service write it; the hash of "
    'a secret drawn at random is declared as `column(unique=True, scope="secret")`.',
    about=Catalog,
    check=_check,
    example=Example(
        "alter table public.notes add constraint notes_title_key unique (title)",
        "alter table public.notes add constraint notes_title_key unique (user_id, title)",
    ),
    covers=("SEC035",),
)
