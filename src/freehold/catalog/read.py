"""From pg_catalog to a snapshot: one read-only transaction, one query for each kind of fact."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final, cast

from freehold.catalog.fact import Fact, Kind
from freehold.catalog.snapshot import Snapshot
from freehold.wire import Connection, translated

SCHEMA_KINDS: Final = tuple(kind for kind in Kind if kind is not Kind.ROLE)
"""The facts of one database. Roles are the cluster's: ask for them by name."""

_BEGIN: Final = b"begin transaction isolation level repeatable read read only"
# search_path empty: only pg_catalog is searched, so PostgreSQL qualifies every other name it writes. The rest is
# what else a session may set that changes the text.
_SETTINGS: Final = b"""
set local search_path = '';
set local jit = off;
set local quote_all_identifiers = off;
set local extra_float_digits = 1;
set local datestyle = 'ISO, YMD';
set local intervalstyle = 'postgres';
set local bytea_output = 'hex';
set local timezone = 'UTC';
set local lock_timeout = '10s'
"""
"""The last because PostgreSQL locks a table to print what belongs to it: one that somebody shut is not waited for without end."""


def read(
    connection: Connection,
    *,
    owner: str,
    schemas: Sequence[str] | None = None,
    kinds: Iterable[Kind] = SCHEMA_KINDS,
) -> Snapshot:
    """The facts of the database ``connection`` is connected to, as of one moment.

    ``owner``: the role that owns the application's objects. ``schemas``: None for all but PostgreSQL's, ``auth``
    and ``freehold``. Within a transaction its uncommitted changes are seen, and it goes on. Raises `DatabaseError`;
    `LockTimeoutError` where somebody keeps a table shut.
    """
    parameters = {"owner": owner, "schemas": None if schemas is None else list(schemas)}
    inside = connection.info.transaction_status.name == "INTRANS"
    with translated():
        connection.execute((b"savepoint facts" if inside else _BEGIN) + b";" + _SETTINGS)
        try:
            with connection.pipeline():
                cursors = [(kind, connection.execute(_query(kind), parameters)) for kind in kinds]
            rows = [(kind, row) for kind, cursor in cursors for row in cursor.fetchall()]
        finally:
            connection.execute(b"rollback to savepoint facts; release savepoint facts" if inside else b"rollback")
    return Snapshot(_fact(kind, cast("tuple[Any, ...]", row)) for kind, row in rows)


def queries() -> str:
    """Equal for two versions of freehold that read the same facts of the same database."""
    return hashlib.sha256(b"\0".join((_SETTINGS, *map(_query, SCHEMA_KINDS)))).hexdigest()


def _fact(kind: Kind, row: tuple[Any, ...]) -> Fact:
    key, attributes, rank, requires = row
    return Fact.of(kind, key, attributes, rank, requires or ())


@cache
def _query(kind: Kind) -> bytes:
    directory = files("freehold.catalog") / "sql"
    return (directory / "scope.sql").read_bytes() + (directory / f"{kind.value}.sql").read_bytes()
