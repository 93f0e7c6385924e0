"""Bringing a database to the head of the history: checked sums, one migration at a time, resumable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from freehold.catalog import diff, read
from freehold.errors import Code, MigrationError
from freehold.migrations import ledger
from freehold.migrations.history import History, Revision, load
from freehold.migrations.lock import exclusive
from freehold.migrations.outstanding import Step, outstanding
from freehold.migrations.progress import Progress, Report, silent
from freehold.migrations.script import Script
from freehold.migrations.unit import Patience, Run, run_autocommit, run_transactional
from freehold.wire import Connection, connect, narrated

_SHOWN = 10


@dataclass(frozen=True)
class Applied:
    """``revisions``: the ids applied by this call, in order, none at head; ``head``: where the database now is."""

    revisions: tuple[str, ...]
    head: str | None


@dataclass(frozen=True)
class Options:
    """``wait``: seconds to wait for another migration to end, >= 0; ``verify``: compare the facts afterwards."""

    patience: Patience = field(default_factory=Patience)
    wait: float = 60.0
    verify: bool = False


def migrate(dsn: str, directory: Path, options: Options | None = None, report: Report = silent) -> Applied:
    """Applies what the database lacks. ``dsn``: the owner's, direct, not through a transaction pooler.

    At the head already it costs one round trip and locks nothing. Several processes may call it at once: each
    revision is applied once. Raises `MigrationError`: FH402-FH406, FH409, FH411, FH412; `DatabaseError`.
    """
    chosen = options or Options()
    history = load(directory)
    with connect(dsn) as connection:
        done: Sequence[str] = ()
        if outstanding(history, ledger.entries(connection)):
            done = _apply(connection, history, chosen, report)
        if chosen.verify:
            verify(connection, history)
    return Applied(tuple(done), history.head)


def rollback(dsn: str, directory: Path, options: Options | None = None, report: Report = silent) -> str | None:
    """Undoes the newest revision the database has, and returns its id; None when it has none.

    Raises as `migrate` does.
    """
    chosen = options or Options()
    history = load(directory)
    with connect(dsn) as connection, exclusive(connection, chosen.wait):
        entries = ledger.entries(connection)
        lacking = {step.revision.id for step in outstanding(history, entries)}
        present = [revision for revision in history.revisions if revision.id not in lacking]
        if not present:
            return None
        _undo(connection, present[-1], chosen.patience, report)
        return present[-1].id


def verify(connection: Connection, history: History) -> None:
    """Compares the database with the facts kept beside the history. Raises `MigrationError` (FH411)."""
    if history.facts is None:
        return
    found = read(connection, owner=connection.info.user, schemas=history.facts.schemas)
    changes = diff(history.facts, found)
    if changes:
        more = f" and {len(changes) - _SHOWN} more" if len(changes) > _SHOWN else ""
        raise MigrationError(
            Code.FACTS_DIFFER,
            "The database is not what its revisions made.",
            detail="; ".join(map(str, changes[:_SHOWN])) + more,
            hint="Somebody changed it by hand: undo that, or declare it in the models and generate.",
        )


def _apply(connection: Connection, history: History, options: Options, report: Report) -> Sequence[str]:
    with narrated():
        connection.execute(b"set application_name = 'freehold migrate'")
    with exclusive(connection, options.wait):
        ledger.ensure(connection)
        steps = outstanding(history, ledger.entries(connection))
        for step in steps:
            _step(connection, step, options.patience, report)
    return tuple(dict.fromkeys(step.revision.id for step in steps))


def _step(connection: Connection, step: Step, patience: Patience, report: Report) -> None:
    revision, total = step.revision, len(step.unit.statements)
    run = _run(revision, step.number, step.unit.statements)

    def advance(done: int) -> None:
        report(Progress("apply", revision.name, done, total))

    def note() -> None:
        ledger.begun(connection, run.revision, run.number, run.checksum)
        ledger.finished(connection, run.revision, run.number)

    advance(0)
    if step.unit.transactional:
        run_transactional(connection, run, patience, note, advance)
    else:
        run_autocommit(connection, run, patience, advance)


def _undo(connection: Connection, revision: Revision, patience: Patience, report: Report) -> None:
    script: Script = revision.down
    run = replace(_run(revision, 1, script.statements), undo=True)

    def advance(done: int) -> None:
        report(Progress("undo", revision.name, done, len(script.statements)))

    run_transactional(connection, run, patience, lambda: ledger.forget(connection, revision.id), advance)


def _run(revision: Revision, number: int, statements: tuple[str, ...]) -> Run:
    return Run(revision.id, revision.name, number, revision.checksum, statements)
