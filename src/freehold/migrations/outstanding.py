"""What of a history a database lacks: pure, from the revisions and the ledger's entries."""

from __future__ import annotations

from dataclasses import dataclass

from freehold.errors import Code, MigrationError
from freehold.migrations.history import History, Revision
from freehold.migrations.ledger import Entries
from freehold.migrations.script import Unit


@dataclass(frozen=True, slots=True)
class Step:
    """One unit to run; ``number`` counts from 1 within its revision."""

    revision: Revision
    number: int
    unit: Unit


def outstanding(history: History, entries: Entries) -> tuple[Step, ...]:
    """The units still to run, in order.

    Raises `MigrationError`: FH405 when the ledger has revisions the history lacks, FH402 when an applied revision
    was changed since, FH406 when a unit outside a transaction was begun and not finished.
    """
    strangers = unknown(history, entries)
    if strangers:
        raise MigrationError(
            Code.DATABASE_FOREIGN,
            f"The database has revisions that the history lacks: {', '.join(strangers)}.",
            hint="Check out the newer version of the code, or see whether DATABASE_URL names the right database.",
        )
    steps = [
        Step(revision, number, unit)
        for revision in history.revisions
        for number, unit in enumerate(revision.up.units, start=1)
    ]
    return tuple(step for step in steps if _lacking(step, entries))


def unknown(history: History, entries: Entries) -> tuple[str, ...]:
    """The revisions in the ledger that are not in the history; failed ones left nothing."""
    known = {revision.id for revision in history.revisions}
    begun = {entry.revision for entry in entries.values() if entry.finished_at or entry.error is None}
    return tuple(sorted(begun - known))


def _lacking(step: Step, entries: Entries) -> bool:
    entry = entries.get((step.revision.id, step.number))
    if entry is None:
        return True
    if entry.finished_at is not None:
        if entry.checksum != step.revision.checksum:
            raise _edited(step.revision)
        return False
    if not step.unit.transactional:
        raise _half_applied(step)
    return True


def _edited(revision: Revision) -> MigrationError:
    take_over = f"checksum = '{revision.checksum}' WHERE revision = '{revision.id}';"
    return MigrationError(
        Code.HISTORY_EDITED,
        f"{revision.name}.up.sql was changed after this database got it.",
        hint="Restore it (git checkout), and make the change in a new revision. "  # noqa: S608 - shown to a person
        f"If the database has the change already: UPDATE freehold.ledger SET {take_over}",
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
