"""Where a database stands in its history."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from freehold.migrations import ledger
from freehold.migrations.history import load
from freehold.migrations.outstanding import unknown
from freehold.wire import connect


@dataclass(frozen=True)
class Failure:
    """A unit that failed or was not finished, and what the ledger keeps of it."""

    revision: str
    unit: int
    error: str | None


@dataclass(frozen=True)
class Status:
    """Revision names in order; ``unknown``: ids the database has and the history lacks."""

    applied: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    failed: tuple[Failure, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def at_head(self) -> bool:
        """Whether there is nothing to do, and nothing wrong."""
        return not (self.pending or self.failed or self.unknown)

    @property
    def being_undone(self) -> bool:
        """Whether a revision is on its way back, which has to be finished first."""
        return any(failure.unit < 0 for failure in self.failed)


def status(dsn: str, directory: Path) -> Status:
    """Compares the ledger of the database with the history. Raises `MigrationError` (FH402-FH404) for the history."""
    history = load(directory)
    with connect(dsn) as connection:
        entries = ledger.entries(connection)
    done = {key for key, entry in entries.items() if entry.finished_at is not None}
    applied, pending = list[str](), list[str]()
    for revision in history.seen_by({id_ for id_, _ in entries}).revisions:
        whole = all((revision.id, number) in done for number in range(1, len(revision.up.units) + 1))
        (applied if whole else pending).append(revision.name)
    failed = tuple(
        Failure(entry.revision, entry.unit, entry.error) for key, entry in entries.items() if key not in done
    )
    return Status(tuple(applied), tuple(pending), failed, unknown(history, entries))
