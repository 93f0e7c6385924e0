"""The ledger: which units of which revisions a database has, kept in ``freehold.ledger`` in the database itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, cast

from freehold.errors import DatabaseError
from freehold.wire import Connection, narrated


@dataclass(frozen=True, slots=True)
class Entry:
    """One unit. ``finished_at`` None: begun and not finished, or failed with ``error``."""

    revision: str
    unit: int
    checksum: str
    started_at: datetime
    finished_at: datetime | None
    error: str | None


Entries: TypeAlias = Mapping[tuple[str, int], Entry]

_UNDEFINED = frozenset({"42P01", "3F000"})
_READ = b"select revision, unit, checksum, started_at, finished_at, error from freehold.ledger"
_CREATE = b"""
create table if not exists freehold.ledger (
    revision text not null,
    unit integer not null,
    checksum text not null,
    started_at timestamptz not null default clock_timestamp(),
    finished_at timestamptz,
    error text,
    primary key (revision, unit)
);
revoke all on table freehold.ledger from public, anon, authenticated, service_role;
comment on table freehold.ledger is 'freehold: the migrations this database has'
"""
_BEGUN = """
insert into freehold.ledger (revision, unit, checksum) values (%s, %s, %s)
on conflict (revision, unit) do update
   set checksum = excluded.checksum, started_at = clock_timestamp(), finished_at = null, error = null
"""
_FINISHED = """
update freehold.ledger set finished_at = clock_timestamp(), error = null where revision = %s and unit = %s
"""
_FAILED = """
insert into freehold.ledger (revision, unit, checksum, error) values (%s, %s, %s, %s)
on conflict (revision, unit) do update
   set checksum = excluded.checksum, finished_at = null, error = excluded.error
"""


def entries(connection: Connection) -> Entries:
    """What the ledger holds, in one round trip; nothing where there is no ledger yet. Raises `DatabaseError`."""
    try:
        with narrated():
            rows = connection.execute(_READ).fetchall()
    except DatabaseError as error:
        if error.sqlstate in _UNDEFINED:
            return {}
        raise
    found = (Entry(*cast("tuple[str, int, str, datetime, datetime | None, str | None]", row)) for row in rows)
    return {(entry.revision, entry.unit): entry for entry in found}


def ensure(connection: Connection) -> None:
    """Makes the ledger where there is none. The schema is bootstrap's."""
    with narrated():
        connection.execute(_CREATE)


def begun(connection: Connection, revision: str, unit: int, checksum: str) -> None:
    """Notes that a unit begins."""
    connection.execute(_BEGUN, (revision, unit, checksum))


def finished(connection: Connection, revision: str, unit: int) -> None:
    """Notes that a unit is done; in the same transaction where it has one."""
    connection.execute(_FINISHED, (revision, unit))


def failed(connection: Connection, revision: str, unit: int, checksum: str, error: str) -> None:
    """Keeps why a unit failed."""
    connection.execute(_FAILED, (revision, unit, checksum, error))


def forget(connection: Connection, revision: str) -> None:
    """Removes a revision that was undone."""
    connection.execute("delete from freehold.ledger where revision = %s", (revision,))
