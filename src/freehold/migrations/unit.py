"""Running one unit: its statements and its ledger row succeed together, or leave nothing but the reason."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from freehold.errors import (
    Code,
    ConnectionLostError,
    DatabaseError,
    LockTimeoutError,
    MigrationError,
    SerializationError,
)
from freehold.migrations import ledger
from freehold.wire import Connection, narrated

_RETRIED: Final = (LockTimeoutError, SerializationError)
# What a role or database may have set must not decide what a migration does.
_SETTINGS: Final = (
    "set {local} lock_timeout = {timeout}; set {local} statement_timeout = 0; set {local} search_path = public;"
    " set {local} check_function_bodies = off; set {local} row_security = on"
)


@dataclass(frozen=True, slots=True)
class Run:
    """One unit on its way: what it is called in the ledger and what it executes."""

    revision: str
    name: str
    number: int
    checksum: str
    statements: tuple[str, ...]
    undo: bool = False


@dataclass(frozen=True, slots=True)
class Patience:
    """``lock_timeout``: seconds a statement waits for a lock, > 0; ``attempts``: how often it tries, >= 1."""

    lock_timeout: float = 2.0
    attempts: int = 5

    @property
    def milliseconds(self) -> int:
        """The lock timeout as PostgreSQL takes it; 0 would wait for ever."""
        return max(1, round(self.lock_timeout * 1000))


class StatementFailed(Exception):  # noqa: N818 - carries a failure to its unit, and never leaves this package
    """A statement of a unit failed; ``place`` counts from 1, 0 is the unit's own bookkeeping."""

    def __init__(self, place: int, error: DatabaseError) -> None:
        super().__init__(place)
        self.place = place
        self.error = error


def run_transactional(
    connection: Connection,
    run: Run,
    patience: Patience,
    note: Callable[[], None],
    advance: Callable[[int], None],
) -> None:
    """Runs ``run`` in a transaction that ``note`` ends by writing to the ledger; tries again when a lock is not free.

    Raises `MigrationError` (FH412); the transaction is rolled back, and the reason is in the ledger.
    """
    for attempt in range(1, patience.attempts + 1):
        try:
            _transaction(connection, run.statements, patience, note, advance)
        except StatementFailed as failure:
            if isinstance(failure.error, ConnectionLostError):
                raise _lost(run, failure.error) from None
            with narrated():
                connection.execute(b"rollback")
            if isinstance(failure.error, _RETRIED) and attempt < patience.attempts:
                time.sleep(patience.lock_timeout * random.uniform(0.25, 1))  # noqa: S311 - jitter, not a secret
                continue
            raise keep(connection, run, failure) from None
        return


def run_autocommit(connection: Connection, run: Run, patience: Patience, advance: Callable[[int], None]) -> None:
    """Runs each statement by itself. A failure leaves the unit half-applied, and the ledger says so.

    Raises `MigrationError` (FH412).
    """
    with narrated():
        ledger.begun(connection, run.revision, run.number, run.checksum)
    try:
        with narrated():
            connection.execute(_SETTINGS.format(local="session", timeout=patience.milliseconds).encode())
        _execute(connection, run.statements, advance)
    except StatementFailed as failure:
        if isinstance(failure.error, ConnectionLostError):
            raise _lost(run, failure.error) from None
        raise keep(connection, run, failure, kept=True) from None
    with narrated():
        ledger.finished(connection, run.revision, run.number)


def keep(connection: Connection, run: Run, failure: StatementFailed, *, kept: bool = False) -> MigrationError:
    """Writes the reason to the ledger and returns it as an error. ``kept``: earlier statements stay in effect.

    What could not be undone is still applied, and its row stays as it is.
    """
    error = failure.error
    reason = f"statement {failure.place}: SQLSTATE {error.sqlstate}: {error.detail or error.message}"
    if not run.undo:
        with narrated():
            ledger.failed(connection, run.revision, run.number, run.checksum, reason)
    return failed(run, failure, kept=kept)


def failed(run: Run, failure: StatementFailed, *, kept: bool) -> MigrationError:
    """FH412: which statement, what the server said, and what to run next."""
    error, total = failure.error, len(run.statements)
    left = "The statements before it stay in effect." if kept else "Nothing of the unit was kept."
    line = run.statements[failure.place - 1].strip().splitlines()[0] if failure.place else "the ledger"
    return MigrationError(
        Code.APPLY_FAILED,
        f"Statement {failure.place} of {total} in {run.name} failed (SQLSTATE {error.sqlstate}).",
        detail=f"{error.detail or error.message} In: {line}",
        hint=f"{left} Remove the cause, then run: freehold {'rollback' if run.undo else 'migrate'}",
    )


def _lost(run: Run, error: ConnectionLostError) -> ConnectionLostError:
    return ConnectionLostError(
        error.code,
        f"The connection to PostgreSQL ended while {run.name} was being applied.",
        sqlstate=error.sqlstate,
        hint="Run freehold migrate again: the ledger knows what was committed.",
    )


def _transaction(
    connection: Connection,
    statements: Sequence[str],
    patience: Patience,
    note: Callable[[], None],
    advance: Callable[[int], None],
) -> None:
    place = 0
    try:
        with narrated():
            settings = _SETTINGS.format(local="local", timeout=patience.milliseconds)
            connection.execute(f"begin; {settings}".encode())
            _execute(connection, statements, advance)
            note()
            place = len(statements)
            connection.execute(b"commit")
    except DatabaseError as error:
        raise StatementFailed(place, error) from None


def _execute(connection: Connection, statements: Sequence[str], advance: Callable[[int], None]) -> None:
    for place, statement in enumerate(statements, start=1):
        try:
            with narrated():
                connection.execute(statement.encode())
        except DatabaseError as error:
            raise StatementFailed(place, error) from None
        advance(place)
