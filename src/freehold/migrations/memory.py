"""Where scratch databases lie: in memory where there is room, because making a table is mostly making its files.

Measured for 500 tables: 2.4 s on a disk, 0.3 s in memory. What is in a tablespace there goes with its database; after a
restart of the machine the tablespace is made anew.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import Final

from freehold.errors import DatabaseError
from freehold.policies import quote_literal
from freehold.wire import Connection, narrated

TABLESPACE: Final = "freehold_memory"
_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a directory of its own in it, closed to others
_ROOM: Final = 1 << 29
_LOCK: Final = 0x46484D45
_WHERE: Final = "select pg_tablespace_location(oid) from pg_tablespace where spcname = %s"


def tablespace(server: Connection) -> str | None:
    """The tablespace in memory of a server on this machine; None where there is none, or less than half a GB of room.

    ``server``: a superuser's connection, autocommit.
    """
    try:
        with narrated():
            return TABLESPACE if _made(server) else None
    except (OSError, DatabaseError):
        return None


def leave(server: Connection) -> None:
    """Removes the tablespace, unless another scratch database lies in it."""
    try:
        with narrated():
            row = server.execute(_WHERE, (TABLESPACE,)).fetchone()
            server.execute(f"drop tablespace if exists {TABLESPACE}".encode())
        if row is not None:
            Path(str(row[0])).rmdir()
    except (OSError, DatabaseError):
        return


def _made(server: Connection) -> bool:
    row = server.execute("show data_directory").fetchone()
    data = Path(str(row[0])) if row else _MEMORY
    if not (data / "PG_VERSION").is_file() or shutil.disk_usage(_MEMORY).free < _ROOM:
        return False
    place = _MEMORY / f"freehold-{hashlib.sha256(str(data).encode()).hexdigest()[:16]}"
    with server.transaction():
        server.execute("select pg_advisory_xact_lock(%s)", (_LOCK,))
        known = server.execute(_WHERE, (TABLESPACE,)).fetchone()
    if known is not None and any(place.glob("PG_*")):
        return True
    if known is not None:
        server.execute(f"drop tablespace {TABLESPACE}".encode())
    _directory(place, data.stat().st_uid)
    server.execute(f"create tablespace {TABLESPACE} location {quote_literal(str(place))}".encode())
    return True


def _directory(place: Path, owner: int) -> None:
    """Empty, and the server's own."""
    if place.is_symlink() or (place.exists() and place.stat().st_uid not in {owner, os.geteuid()}):
        raise PermissionError(place)
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(mode=0o700)
    if owner != os.geteuid():
        os.chown(place, owner, -1)
