"""Bringing a database to the head of the history: checked sums, one migration at a time, unit by unit, resumable."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from freehold.migrations import drift, ledger
from freehold.migrations.history import History, load
from freehold.migrations.lock import exclusive
from freehold.migrations.outstanding import Step, outstanding, way_back
from freehold.migrations.progress import Progress, Report, silent
from freehold.migrations.safety import refuse_unsafe
from freehold.migrations.unit import Patience, Runner
from freehold.wire import Connection, connect, narrated


@dataclass(frozen=True)
class Applied:
    """``revisions``: the ids applied by this call, in order, none at head; ``head``: where the database now is."""

    revisions: tuple[str, ...]
    head: str | None


@dataclass(frozen=True)
class Options:
    """``wait``: seconds to wait for another migration to end, >= 0.

    ``verify``: compare the facts before and afterwards; None does where something is applied, True also at head.
    """

    patience: Patience = field(default_factory=Patience)
    wait: float = 60.0
    verify: bool | None = None


def migrate(dsn: str, directory: Path, options: Options | None = None, report: Report = silent) -> Applied:
    """Applies what the database lacks. ``dsn``: the owner's, direct, not through a transaction pooler.

    At the head already it costs one round trip and locks nothing. Several processes may call it at once: each unit is
    applied once. Raises `MigrationError`: FH402-FH406, FH409, FH411, FH412, FH416, FH417, FH420, FH422-FH425;
    `DatabaseError`.
    """
    chosen = options or Options()
    history = load(directory)
    with connect(dsn) as connection:
        done: Sequence[str] = ()
        if outstanding(history, ledger.entries(connection)):
            done = _apply(connection, dsn, history, chosen, report)
        elif chosen.verify:
            drift.verify(connection, history)
    return Applied(tuple(done), history.head)


def rollback(dsn: str, directory: Path, options: Options | None = None, report: Report = silent) -> str | None:
    """Undoes the newest revision the database has, and returns its id; None when it has none.

    Ended in the middle it goes on from there. Raises as `migrate` does.
    """
    chosen = options or Options()
    history = load(directory)
    with connect(dsn) as connection, exclusive(connection, chosen.wait):
        _named(connection)
        revision, steps = way_back(history, ledger.entries(connection))
        if revision is None:
            return None
        if not steps:
            ledger.forget(connection, revision.id)
        _run(Runner(connection, dsn, chosen.patience, _teller("undo", report)), steps, undo=True)
        _keep(connection, history)
        return revision.id


def _apply(connection: Connection, dsn: str, history: History, options: Options, report: Report) -> Sequence[str]:
    _named(connection)
    with exclusive(connection, options.wait):
        ledger.ensure(connection)
        entries = ledger.entries(connection)
        steps = outstanding(history, entries)
        for script in dict.fromkeys(step.revision.up for step in steps):
            refuse_unsafe(script)
        if steps and options.verify is not False:
            drift.refuse_drift(connection, history, entries)
        _run(Runner(connection, dsn, options.patience, _teller("apply", report)), steps)
        if steps and options.verify is not False:
            drift.verify(connection, history)
        if steps:
            _keep(connection, history)
    return tuple(dict.fromkeys(step.revision.id for step in steps))


def _run(runner: Runner, steps: Iterable[Step], *, undo: bool = False) -> None:
    left = list(steps)
    while left:
        step = left.pop(0)
        runner.run(step, last=undo and not left)


def _keep(connection: Connection, history: History) -> None:
    has = {id_ for id_, _ in ledger.entries(connection)}
    present = [revision.id for revision in history.seen_by(has).revisions if revision.id in has]
    if present:
        drift.keep(connection, present[-1])


def _named(connection: Connection) -> None:
    with narrated():
        connection.execute(b"set application_name = 'freehold migrate'")


class _teller:  # noqa: N801 - gives what a runner calls
    """Says where a unit stands, with its place in the revision where that has several."""

    def __init__(self, stage: str, report: Report) -> None:
        self._stage, self._report = stage, report

    def __call__(self, step: Step, done: int, total: int, words: str) -> None:
        units = len(step.revision.down.units if step.number < 0 else step.revision.up.units)
        place = f"unit {abs(step.number)} of {units}" if units > 1 else ""
        detail = ", ".join(part for part in (place, words) if part)
        self._report(Progress(self._stage, step.revision.name, done, total, detail))
