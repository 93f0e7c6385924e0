"""Several statements in one message: PostgreSQL answers each, and stops at the first it refuses.

They are one simple Query (PostgreSQL manual, section 54.2.2.1), so that no lock is held while a client thinks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import psycopg
from psycopg import generators
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

from freehold.errors import DatabaseError
from freehold.wire.connect import Connection
from freehold.wire.narrate import narrated

_BETWEEN: Final = "\n;\n"


class StatementFailed(Exception):  # noqa: N818 - carries a failure to whoever knows the statements
    """A statement failed; ``place`` counts from 1, 0 where the connection ended and nobody knows."""

    def __init__(self, place: int, error: DatabaseError) -> None:
        super().__init__(place)
        self.place = place
        self.error = error


def execute_batch(connection: Connection, statements: Sequence[str]) -> None:
    """Executes statements without parameters in one round trip. Raises `StatementFailed` for the first that fails.

    Outside a transaction block they are one transaction; one that PostgreSQL refuses inside a block must stand alone.
    """
    if not statements:
        return
    text = _BETWEEN.join(statements)
    results: list[PGresult] = []
    try:
        with narrated():
            with connection.lock:
                connection.pgconn.send_query(text.encode())
                results = connection.wait(generators.execute(connection.pgconn))
            last = results[-1]
            if last.status == ExecStatus.FATAL_ERROR:
                raise psycopg.errors.error_from_result(last)
    except DatabaseError as error:
        raise StatementFailed(_place(statements, results), error) from None


def _place(statements: Sequence[str], results: Sequence[PGresult]) -> int:
    """A statement has failed after as many as have answered; where the whole text could not be parsed, none has."""
    if not results:
        return 0
    position = results[-1].error_field(psycopg.pq.DiagnosticField.STATEMENT_POSITION)
    if len(results) > 1 or not position:
        return min(len(results), len(statements))
    place, passed = 0, 0
    while place < len(statements) and passed < int(position):
        passed += len(statements[place]) + len(_BETWEEN)
        place += 1
    return place
