"""Taking over the values of the Node platform: each is opened with its old key and sealed for its row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from freehold.encryption import PREFIX
from freehold.keys.column import SealedColumn
from freehold.keys.job import Job, Outcome, Report
from freehold.keys.session import KeySession


def legacy_condition(column: SealedColumn) -> str:
    """What selects values of the old platform; written without LIKE, whose percent sign is a parameter's."""
    return f"{column.value} IS NOT NULL AND NOT starts_with({column.value}, '{PREFIX}')"


def migrate_legacy(
    session: KeySession, columns: Iterable[SealedColumn], report: Report | None = None, *, dry: bool = False
) -> list[Outcome]:
    """Seals every value of the old platform; ``dry`` only counts them.

    Values that cannot be read stay as they are and are counted. Afterwards declare the column ``sealed()`` without
    ``legacy``: the next revision brings a CHECK that refuses anything else, and such values are not read any more.
    """
    outcomes: list[Outcome] = []
    for column in columns:
        place = replace(column.place, legacy=True)
        job = Job(f"migrate-legacy {column.name}", column, place, legacy_condition(column))
        outcomes.append(Outcome(job.name, job.total(session)) if dry else job.run(session, report))
    return outcomes
