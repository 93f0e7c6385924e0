"""Connections for administration: one caller, synchronous, autocommit."""

from __future__ import annotations

from typing import Final

import psycopg
from psycopg.conninfo import conninfo_to_dict

from freehold.errors import Code, ConfigurationError, ConnectionLostError

Connection = psycopg.Connection[tuple[object, ...]]

_CONNECT_SECONDS: Final = 10


def connect(dsn: str) -> Connection:
    """An autocommit connection to ``dsn``, a libpq URL or keyword string.

    Raises `ConfigurationError` (FH302) for a malformed DSN, `ConnectionLostError` (FH307) when no server
    answers or it refuses; neither repeats the DSN, which holds a password.
    """
    try:
        parts = conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:
        raise ConfigurationError(
            Code.SETTING_INVALID,
            "The database URL is malformed.",
            hint="It looks like postgresql://app:password@host:5432/database",
        ) from None
    try:
        return psycopg.connect(dsn, autocommit=True, connect_timeout=_CONNECT_SECONDS)
    except psycopg.OperationalError as error:
        raise refused(parts.get("host"), parts.get("user"), error.sqlstate) from None


def refused(host: object, user: object, sqlstate: str | None) -> ConnectionLostError:
    """The error for a server that does not answer or does not let the role in."""
    return ConnectionLostError(
        Code.CONNECTION_REFUSED,
        f"No connection to PostgreSQL at {host or 'the default socket'} as {user or 'the default role'}.",
        sqlstate=sqlstate,
        hint="Is the server running, and are host, port, role, password and database right?",
    )
