"""Raw statements as the application's login, with a caller's settings, in a transaction that is taken back."""

from __future__ import annotations

from typing import Any

import psycopg

from freehold.identity import Identity
from freehold.wire import Connection

Rows = list[tuple[Any, ...]]


def sent(login: Connection, identity: Identity | None, *statements: str) -> Rows | str:
    """The rows of the last statement, or the SQLSTATE with which one of them was refused."""
    login.execute("BEGIN")
    try:
        for name, value in identity.settings if identity is not None else ():
            login.execute("SELECT set_config(%s, %s, true)", (name, value))
        rows: Rows = []
        for statement in statements:
            cursor = login.execute(statement.encode())
            rows = cursor.fetchall() if cursor.description is not None else []
    except psycopg.Error as error:
        return error.sqlstate or "?"
    else:
        return rows
    finally:
        login.execute("ROLLBACK")
