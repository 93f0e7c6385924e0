"""Running one unit: its statements and its ledger row succeed together, or leave nothing but the reason."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
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
from freehold.migrations import guard, ledger, walk
from freehold.migrations.outstanding import Step
from freehold.migrations.safety import locked
from freehold.migrations.script import Batches, Index, Mode
from freehold.migrations.watch import Watch
from freehold.wire import Connection, StatementFailed, execute_batch, narrated

_RETRIED: Final = (LockTimeoutError, SerializationError)
_ROWS: Final = frozenset({"23502", "23503", "23505", "23514", "23P01"})
_CORRECT: Final = (
    "Rows do not fulfil it. Correct them as the service, from which row security hides none: "
    'psql "$SERVICE_DATABASE_URL" -c "SET ROLE service_role" -c "UPDATE ..."'
)
# Who waits while it keeps others waiting may close a circle, and the server ends whoever waited longest: it shall not be them.
_SHORTER: Final = """
select set_config('lock_timeout', least({timeout}, greatest(setting::int / 2, 1))::text, true)
from pg_settings where name = 'deadlock_timeout'
"""
# What a role or database may have set must not decide what a migration does.
_SETTINGS: Final = (
    "set {local} lock_timeout = {timeout}",
    "set {local} statement_timeout = 0",
    "set {local} idle_in_transaction_session_timeout = 0",
    "set {local} search_path = public",
    "set {local} check_function_bodies = off",
    "set {local} row_security = on",
)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for locks, in seconds > 0.

    ``lock_timeout``: for one that others then wait behind; ``attempts``: how often it is tried, >= 1. ``concurrent``: for
    what nobody waits behind, CREATE INDEX CONCURRENTLY.
    """

    lock_timeout: float = 2.0
    attempts: int = 5
    concurrent: float = 600.0

    def milliseconds(self, mode: Mode) -> int:
        """The lock timeout as PostgreSQL takes it; 0 would wait for ever."""
        seconds = self.concurrent if mode is Mode.AUTOCOMMIT else self.lock_timeout
        return max(1, round(seconds * 1000))


@dataclass(frozen=True, slots=True)
class Runner:
    """Runs units on ``connection``.

    ``dsn`` is for the one that watches it. ``tell``: step, statements or rows done, of how many, and what else is to be
    said.
    """

    connection: Connection
    dsn: str
    patience: Patience
    tell: Callable[[Step, int, int, str], None]

    def run(self, step: Step, *, last: bool = False) -> None:
        """Runs a unit; tries again when a lock is not free. ``last``: with it the revision is undone.

        Raises `MigrationError`: FH412, FH416 for a lock, FH422 for an index in the way, FH423 and FH424 for rows;
        the reason is in the ledger.
        """
        self.tell(step, 0, len(step.unit.statements), "")
        for attempt in range(1, self.patience.attempts + 1):
            watch = self._watch(step)
            try:
                with watch:
                    self._once(step, last)
            except StatementFailed as failure:
                if isinstance(failure.error, ConnectionLostError):
                    raise _lost(step, failure.error) from None
                self._roll_back()
                if isinstance(failure.error, _RETRIED) and attempt < self.patience.attempts:
                    pause = self.patience.lock_timeout * random.uniform(0.25, 1)  # noqa: S311 - jitter, not a secret
                    self.tell(step, 0, len(step.unit.statements), f"attempt {attempt + 1}, {_blocked_by(watch)}")
                    time.sleep(pause)
                    continue
                raise self._keep(step, failure, watch) from None
            except MigrationError as error:
                self._fail(step, error.message)
                raise
            break
        if step.unit.mode is not Mode.BATCHES:
            self.tell(step, len(step.unit.statements), len(step.unit.statements), "")

    def _watch(self, step: Step) -> Watch:
        pause = self.patience.milliseconds(step.unit.mode) / 2000
        total = len(step.unit.statements)
        return Watch(self.dsn, self.connection.info.backend_pid, pause, lambda words: self.tell(step, 0, total, words))

    def _once(self, step: Step, last: bool) -> None:
        if step.unit.mode is Mode.TRANSACTION:
            self._transaction(step, last)
            return
        with _bookkeeping():
            ledger.begun(self.connection, step.revision.id, step.number, step.checksum)
        execute_batch(self.connection, _settings("session", self.patience.milliseconds(step.unit.mode)))
        if isinstance(step.unit.about, Batches):
            walk.walk(self.connection, step, step.unit.about, self.tell)
        elif isinstance(step.unit.about, Index):
            guard.settle(self.connection, step.unit.about, step.unit.statements[0])
        else:
            for place, statement in enumerate(step.unit.statements, start=1):
                with _placed(place):
                    execute_batch(self.connection, (statement,))
        with _bookkeeping():
            if last:
                self.connection.execute(ledger.forget_sql(step.revision.id).encode())
            else:
                ledger.finished(self.connection, step.revision.id, step.number)

    def _transaction(self, step: Step, last: bool) -> None:
        """One message, so that what it locks is not held while anybody thinks."""
        timeout = self.patience.milliseconds(step.unit.mode)
        before = ("begin", *_settings("local", timeout))
        if len(locked(step.unit)) > 1:
            before += (_SHORTER.format(timeout=timeout),)
        note = ledger.done_sql(step.revision.id, step.number, step.checksum)
        after = ("set local row_security = on", ledger.forget_sql(step.revision.id) if last else note, "commit")
        try:
            execute_batch(self.connection, (*before, *step.unit.statements, *after))
        except StatementFailed as failure:
            place = failure.place - len(before)
            raise StatementFailed(place if 0 < place <= len(step.unit.statements) else 0, failure.error) from None

    def _roll_back(self) -> None:
        if self.connection.info.transaction_status.name != "IDLE":
            with narrated():
                self.connection.execute(b"rollback")

    def _keep(self, step: Step, failure: StatementFailed, watch: Watch) -> MigrationError:
        """Writes the reason to the ledger and returns it as an error."""
        error = failure.error
        reason = f"statement {failure.place}: SQLSTATE {error.sqlstate}: {error.detail or error.message}"
        self._fail(step, reason)
        return _blocked(step, watch) if isinstance(error, LockTimeoutError) else _failed(step, failure)

    def _fail(self, step: Step, reason: str) -> None:
        """What could not be undone at its first unit is still applied, and its rows stay as they are."""
        self._roll_back()
        if step.number != -1:
            with narrated():
                ledger.failed(self.connection, step.revision.id, step.number, step.checksum, reason)


class _placed:  # noqa: N801 - reads as a statement where it is used
    """Gives a failure the place of its statement in the unit."""

    def __init__(self, place: int) -> None:
        self._place = place

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, at: object) -> None:
        if isinstance(error, StatementFailed):
            raise StatementFailed(self._place, error.error) from None
        if isinstance(error, DatabaseError):
            raise StatementFailed(self._place, error) from None


class _bookkeeping(_placed):  # noqa: N801
    """The ledger's own statements have place 0."""

    def __init__(self) -> None:
        super().__init__(0)

    def __exit__(self, kind: object, error: BaseException | None, at: object) -> None:
        try:
            with narrated():
                if error is not None:
                    raise error
        except DatabaseError as told:
            raise StatementFailed(0, told) from None


def _settings(local: str, milliseconds: int) -> tuple[str, ...]:
    return tuple(each.format(local=local, timeout=milliseconds) for each in _SETTINGS)


def _again(step: Step) -> str:
    return f"freehold {'rollback' if step.number < 0 else 'migrate'}"


def _failed(step: Step, failure: StatementFailed) -> MigrationError:
    """FH412: which statement, what the server said, and what to run next."""
    error, unit = failure.error, step.unit
    left = "Nothing of the unit was kept." if unit.transactional else "What was done before it stays."
    line = unit.statements[failure.place - 1].strip().splitlines()[0] if failure.place else "the ledger"
    return MigrationError(
        Code.APPLY_FAILED,
        f"Statement {failure.place} of {len(unit.statements)} in unit {abs(step.number)} of {step.revision.name} "
        f"failed (SQLSTATE {error.sqlstate}).",
        detail=f"{error.detail or error.message} In: {line}",
        hint=f"{left} {_CORRECT if error.sqlstate in _ROWS else 'Remove the cause,'} then run: {_again(step)}",
    )


def _blocked(step: Step, watch: Watch) -> MigrationError:
    pids = [blocker.split()[1] for blocker in watch.blockers]
    end = "".join(f" SELECT pg_terminate_backend({pid});" for pid in pids)
    return MigrationError(
        Code.UNIT_BLOCKED,
        f"Unit {abs(step.number)} of {step.revision.name} did not get a lock (SQLSTATE 55P03).",
        detail=_blocked_by(watch),
        hint=f"Nothing waits behind it now. When they have ended run: {_again(step)}."
        + (f" To end them:{end}" if end else ""),
    )


def _blocked_by(watch: Watch) -> str:
    return f"blocked by {', '.join(watch.blockers)}" if watch.blockers else "blocked by a session that has gone"


def _lost(step: Step, error: ConnectionLostError) -> ConnectionLostError:
    return ConnectionLostError(
        error.code,
        f"The connection to PostgreSQL ended while {step.revision.name} was being applied.",
        sqlstate=error.sqlstate,
        hint=f"Run {_again(step)} again: the ledger knows what was committed.",
    )
