"""Idempotence of what runs outside a transaction: look at the fact, do what is missing, and look again.

``IF NOT EXISTS`` alone would keep the invalid index that a failed CREATE INDEX CONCURRENTLY leaves.
"""

from __future__ import annotations

from typing import Final

from freehold.errors import Code, MigrationError
from freehold.migrations.rules.name import qualified
from freehold.migrations.script import Index
from freehold.wire import Connection, StatementFailed, execute_batch, narrated

_LOOK: Final = """
select i.indisvalid and i.indisready, pg_get_indexdef(c.oid), t.relname, pg_describe_object('pg_class'::regclass, c.oid, 0)
from pg_class c join pg_namespace n on n.oid = c.relnamespace
left join pg_index i on i.indexrelid = c.oid left join pg_class t on t.oid = i.indrelid
where n.nspname = %s and c.relname = %s
"""

PLAIN_DEFINITION: Final = """replace(replace(replace({}, '"', ''), ' ONLY ', ' '), ' ON public.', ' ON ')"""
"""What `plain_definition` does to PostgreSQL's own text, in SQL."""


def settle(connection: Connection, index: Index, statement: str) -> None:
    """Makes or drops ``index`` by ``statement`` unless that is done; a broken one is dropped and built again.

    Raises `MigrationError` (FH422) when something else has the name, `StatementFailed` when PostgreSQL refuses.
    """
    found = _look(connection, index)
    if not index.made:
        if found is not None:
            execute_batch(connection, (statement,))
        return
    if found is not None and not found[0]:
        _refuse_stranger(index, found)
        execute_batch(connection, (f"DROP INDEX CONCURRENTLY {qualified(index.schema, index.name)}",))
        found = None
    if found is None:
        _build(connection, index, statement)
        found = _look(connection, index)
    if found is None or not found[0] or not _same(str(found[1]), statement):
        raise _occupied(index, "another index" if found else "nothing")


def _build(connection: Connection, index: Index, statement: str) -> None:
    """A failed build leaves an invalid index, which every write would have to maintain: it is dropped at once."""
    try:
        execute_batch(connection, (statement,))
    except StatementFailed:
        found = None if connection.closed else _look(connection, index)
        if found is not None and not found[0]:
            execute_batch(connection, (f"DROP INDEX CONCURRENTLY {qualified(index.schema, index.name)}",))
        raise


def _look(connection: Connection, index: Index) -> tuple[object, ...] | None:
    with narrated():
        return connection.execute(_LOOK, (index.schema, index.name)).fetchone()


def _refuse_stranger(index: Index, found: tuple[object, ...]) -> None:
    if found[2] != index.table:
        raise _occupied(index, str(found[3]))


def _same(definition: str, statement: str) -> bool:
    return plain_definition(definition) == plain_definition(statement)


def plain_definition(text: str) -> str:
    """A CREATE INDEX without what PostgreSQL writes only where it must: quotes, and the schema of a table in public."""
    return text.replace(" CONCURRENTLY", "", 1).replace('"', "").replace(" ONLY ", " ").replace(" ON public.", " ON ")


def _occupied(index: Index, what: str) -> MigrationError:
    name = qualified(index.schema, index.name)
    return MigrationError(
        Code.INDEX_OCCUPIED,
        f"The name of index {index.schema}.{index.name} belongs to {what}.",
        detail="It is not the index that this unit makes.",
        hint=f"If nobody needs it: DROP INDEX CONCURRENTLY {name}; Then run: freehold migrate",
    )
