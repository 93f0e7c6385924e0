"""One migration at a time: an advisory lock that is polled for, never waited for in the server.

A session blocked in pg_advisory_lock() holds a snapshot that every CREATE INDEX CONCURRENTLY waits for.
"""

from __future__ import annotations

import random
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from freehold.errors import Code, DatabaseError, MigrationError
from freehold.wire import Connection, narrated

# The first eight bytes of SHA-256("freehold.migrations"), halved into what pg_locks shows as classid and objid.
_CLASS: Final = 0x2B1D6E0F
_OBJECT: Final = 0x54C39A71
KEY: Final = (_CLASS, _OBJECT)
_SHORTEST: Final = 0.05
_LONGEST: Final = 0.5


@contextmanager
def exclusive(connection: Connection, wait: float) -> Generator[None]:
    """Holds the migration lock of the database.

    ``wait``: seconds, >= 0. Raises `MigrationError` (FH409), naming the holder, when it is not free in that time.
    """
    deadline = time.monotonic() + wait
    pause = _SHORTEST
    while not _take(connection):
        if time.monotonic() + pause > deadline:
            raise _busy(connection, wait)
        time.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - jitter, not a secret
        pause = min(pause * 1.5, _LONGEST)
    try:
        yield
    finally:
        _release(connection)


def _take(connection: Connection) -> bool:
    with narrated():
        row = connection.execute("select pg_try_advisory_lock(%s, %s)", (_CLASS, _OBJECT)).fetchone()
    return row is not None and row[0] is True


def _release(connection: Connection) -> None:
    """A connection that is lost has released it already."""
    try:
        with narrated():
            connection.execute("select pg_advisory_unlock(%s, %s)", (_CLASS, _OBJECT))
    except DatabaseError:
        return


def _busy(connection: Connection, wait: float) -> MigrationError:
    with narrated():
        row = connection.execute(
            "select a.pid, coalesce(nullif(a.application_name, ''), 'unnamed'), coalesce(a.usename, 'unknown')"
            " from pg_locks l join pg_stat_activity a on a.pid = l.pid"
            " where l.locktype = 'advisory' and l.granted and l.classid = %s and l.objid = %s and l.objsubid = 2"
            " and l.database = (select oid from pg_database where datname = current_database())",
            (_CLASS, _OBJECT),
        ).fetchone()
    holder = "another session" if row is None else f"process {row[0]} ({row[1]}, as {row[2]})"
    return MigrationError(
        Code.LOCK_BUSY,
        f"Another migration is running: {holder} has held the lock for {wait:g} seconds.",
        hint="Wait for it and run freehold migrate again; a dead client's lock goes with its connection"
        + ("." if row is None else f": SELECT pg_terminate_backend({row[0]})."),
    )
