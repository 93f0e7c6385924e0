"""Connections, with errors that say what is wrong and never repeat the DSN, which holds a password."""

from __future__ import annotations

import re
from typing import Any, Final

import psycopg
from psycopg import AsyncConnection, AsyncCursor
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from freehold.errors import Code, ConfigurationError, ConnectionLostError

Connection = psycopg.Connection[tuple[object, ...]]

_CONNECT_SECONDS: Final = 10
_SAID: Final = re.compile(r"connection to server [^\n]* failed: (.+)")
"""What the system or the server said; other messages of libpq's repeat parts of the DSN."""


def connect(dsn: str) -> Connection:
    """An autocommit connection for administration. ``dsn``: a libpq URL or keyword string.

    Raises `ConfigurationError` (FH302) for a malformed DSN, `ConnectionLostError` (FH307) when no server answers or it
    refuses.
    """
    parts = parsed(dsn)
    try:
        return psycopg.connect(dsn, autocommit=True, connect_timeout=_CONNECT_SECONDS)
    except psycopg.OperationalError as error:
        raise _refused(parts, error) from None


async def connect_async(dsn: str, *, pooled: bool = False) -> AsyncConnection:
    """An autocommit connection for the event loop, whose statements all use the extended protocol. Raises as `connect`."""
    conninfo = session_conninfo(dsn, pooled=pooled)
    try:
        return await AsyncConnection.connect(
            conninfo,
            autocommit=True,
            prepare_threshold=None,
            cursor_factory=ExtendedCursor,
            connect_timeout=_CONNECT_SECONDS,
        )
    except psycopg.OperationalError as error:
        raise _refused(parsed(dsn), error) from None


class ExtendedCursor(AsyncCursor[Any]):
    """A cursor that never uses the simple protocol, in which one text can hold several statements."""

    def _execute_send(self, query: Any, *, force_extended: bool = False, binary: bool | None = None) -> None:
        super()._execute_send(query, force_extended=True, binary=binary)


def session_conninfo(dsn: str, *, pooled: bool = False) -> str:
    """The DSN for connections that run statements: UTF-8, and UTC, in which psycopg reads a timestamp three times as fast.

    A transaction pooler (``pooled``) refuses start-up options, and its servers would not have them. Raises
    `ConfigurationError` (FH302) for a malformed one.
    """
    if pooled:
        parsed(dsn)
        return make_conninfo(dsn, client_encoding="utf8")
    options = f"{parsed(dsn).get('options') or ''} -c timezone=UTC".strip()
    return make_conninfo(dsn, client_encoding="utf8", options=options)


def parsed(dsn: str) -> dict[str, Any]:
    """The parts of a DSN; raises `ConfigurationError` (FH302) for a malformed one."""
    try:
        return dict(conninfo_to_dict(dsn))
    except psycopg.ProgrammingError:
        raise ConfigurationError(
            Code.SETTING_INVALID,
            "The database URL is malformed.",
            hint="It looks like postgresql://app:password@host:5432/database",
        ) from None


def _refused(parts: dict[str, Any], error: psycopg.OperationalError) -> ConnectionLostError:
    """The error for a server that does not answer or does not let the role in."""
    said = _SAID.search(str(error))
    return ConnectionLostError(
        Code.CONNECTION_REFUSED,
        f"No connection to PostgreSQL at {parts.get('host') or 'the default socket'} "
        f"as {parts.get('user') or 'the default role'}.",
        sqlstate=error.sqlstate,
        detail=said[1] if said else None,
        hint="Is the server running, and are host, port, role, password and database right?",
    )
