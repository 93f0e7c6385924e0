"""What of a history a database lacks: pure, from the revisions and the ledger's entries."""

from __future__ import annotations

from dataclasses import dataclass

from freehold.errors import Code, MigrationError
from freehold.migrations.history import History, Revision
from freehold.migrations.ledger import Entries, Entry
from freehold.migrations.script import Mode, Unit


@dataclass(frozen=True, slots=True)
class Step:
    """One unit to run; ``number`` counts from 1 within its revision, and from -1 down on its way back.

    ``entry`` is what the ledger has of an attempt that did not finish.
    """

    revision: Revision
    number: int
    unit: Unit
    checksum: str
    entry: Entry | None = None


def outstanding(history: History, entries: Entries) -> tuple[Step, ...]:
    """The units still to run, in order.

    Raises `MigrationError`: FH405 when the ledger has revisions the history lacks, FH402 when an applied revision
    was changed since, FH406 when a unit nobody can look into was begun and not finished, FH417 when a revision was
    being undone.
    """
    history = _seen(history, entries)
    _refuse_strangers(history, entries)
    undone = half_undone(history, entries)
    if undone is not None:
        raise MigrationError(
            Code.REVISION_HALF_UNDONE,
            f"Revision {undone.name} was being undone, and is half there.",
            hint="Finish that first: freehold rollback",
        )
    return tuple(
        step for revision in history.revisions for step in _steps(revision, entries) if _lacking(step, entries)
    )


def way_back(history: History, entries: Entries) -> tuple[Revision | None, tuple[Step, ...]]:
    """The newest revision and the units that undo it, or the rest of them where that was begun; None without any.

    Raises `MigrationError`: FH405, FH402 as `outstanding` does; FH406 when the revision is half-applied.
    """
    history = _seen(history, entries)
    _refuse_strangers(history, entries)
    begun = half_undone(history, entries)
    if begun is None:
        started = {id_ for (id_, _), entry in entries.items() if entry.finished_at is not None}
        begun = next((each for each in reversed(history.revisions) if each.id in started), None)
        if begun is None:
            return None, ()
        if any(_lacking(step, entries) for step in _steps(begun, entries)):
            raise MigrationError(
                Code.REVISION_HALF_APPLIED,
                f"Revision {begun.name} is half-applied; its way back starts from the whole of it.",
                hint="Finish it first: freehold migrate. Then: freehold rollback",
            )
    sums = zip(begun.down.units, begun.down.sums, strict=True)
    steps = (Step(begun, -place, unit, sum_) for place, (unit, sum_) in enumerate(sums, start=1))
    return begun, tuple(step for step in steps if _lacking(step, entries))


def half_undone(history: History, entries: Entries) -> Revision | None:
    """The revision that is on its way back."""
    negative = {id_ for id_, unit in entries if unit < 0}
    return next((revision for revision in history.revisions if revision.id in negative), None)


def _seen(history: History, entries: Entries) -> History:
    return history.seen_by({id_ for id_, _ in entries})


def unknown(history: History, entries: Entries) -> tuple[str, ...]:
    """The revisions in the ledger that are not in the history; failed ones left nothing."""
    known = {revision.id for revision in _seen(history, entries).revisions}
    begun = {entry.revision for entry in entries.values() if entry.finished_at or entry.error is None}
    return tuple(sorted(begun - known))


def _refuse_strangers(history: History, entries: Entries) -> None:
    strangers = unknown(history, entries)
    if strangers:
        raise MigrationError(
            Code.DATABASE_FOREIGN,
            f"The database has revisions that the history lacks: {', '.join(strangers)}.",
            hint="Check out the code that has them, or see whether OWNER_DATABASE_URL names the right database. "
            "Where each stands: freehold status",
        )


def _steps(revision: Revision, entries: Entries) -> tuple[Step, ...]:
    return tuple(
        Step(revision, number, unit, sum_, entries.get((revision.id, number)))
        for number, (unit, sum_) in enumerate(zip(revision.up.units, revision.up.sums, strict=True), start=1)
    )


def _lacking(step: Step, entries: Entries) -> bool:
    entry = entries.get((step.revision.id, step.number))
    if entry is None:
        return True
    if entry.finished_at is not None:
        if entry.checksum != step.checksum:
            raise _edited(step)
        return False
    if step.unit.mode is Mode.AUTOCOMMIT and step.unit.about is None:
        raise _half_applied(step)
    return True


def _edited(step: Step) -> MigrationError:
    where = f"checksum = '{step.checksum}' WHERE revision = '{step.revision.id}' AND unit = {step.number};"
    return MigrationError(
        Code.HISTORY_EDITED,
        f"Unit {step.number} of {step.revision.name} was changed after this database got it.",
        hint="Restore it (git checkout), and make the change in a new revision. "  # noqa: S608 - shown to a person
        f"If the database has the change already: UPDATE freehold.ledger SET {where}",
    )


def _half_applied(step: Step) -> MigrationError:
    where = f"WHERE revision = '{step.revision.id}' AND unit = {step.number};"
    return MigrationError(
        Code.REVISION_HALF_APPLIED,
        f"Unit {step.number} of {step.revision.name} was begun and not finished, and it runs outside a transaction.",
        hint="Look which of its statements took effect. "  # noqa: S608 - shown to a person
        f"If you undid them: DELETE FROM freehold.ledger {where} "
        f"If you did the rest by hand: UPDATE freehold.ledger SET finished_at = now(), error = NULL {where} "
        "Then run freehold migrate again.",
    )
