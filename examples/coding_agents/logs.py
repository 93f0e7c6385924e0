"""A task's log: the one place that knows how entries are kept.

Entries are numbered from 1. What a runner writes at once is one row, a `LogChunk`, so an append costs the same however
long the log is: PostgreSQL writes a jsonb value anew for every change of it, and leaves other rows alone. Tasks of the
program this one takes over from have their entries in the jsonb array ``tasks.logs``; those come first, and are only
read. ``tasks.log_length`` says how many entries there are once a runner of ours has taken the task.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, case, func, literal_column, select, type_coerce
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.dml import ReturningInsert

from examples.coding_agents.documents import LogEntry
from examples.coding_agents.models import LogChunk, Task, TaskStatus
from freehold.errors import Code, NotVisibleError
from freehold.models import text_id
from freehold.scope import Scope

MOST_ENTRIES: Final = 10_000
"""How many lines of one run are kept."""


@dataclass(frozen=True)
class LogPage:
    """Some entries of a log: ``first`` is the number of the first, ``total`` how many there are."""

    entries: list[LogEntry]
    first: int
    total: int
    status: TaskStatus
    progress: int

    @property
    def last(self) -> int:
        """The number of the last entry of the page, or of the one before it if the page is empty."""
        return self.first + len(self.entries) - 1

    @property
    def ended(self) -> bool:
        """Whether nothing will follow this page."""
        return self.last >= self.total and self.status not in ("pending", "processing")


async def read_log(scope: Scope, task_id: str, *, after: int, limit: int) -> LogPage:
    """The entries that follow number ``after``; raises `NotVisibleError` if the caller has no such task.

    A page costs what is in it: the old array is cut in the database, and the chunks are found by their key.
    """
    # A path that points behind the end of the array gives nothing (manual, 9.16.2, lax mode).
    place = func.jsonb_build_object(literal_column("'from'"), after, literal_column("'to'"), after + limit - 1)
    cut = func.jsonb_path_query_array(Task.logs, literal_column("'$[$from to $to]'::jsonpath"), place)
    task = select(Task.status, Task.progress, length_of_log(), type_coerce(cut, Task.logs.type)).where(
        Task.id == task_id
    )
    chunks = (
        select(LogChunk.last, LogChunk.entries)
        .where(LogChunk.task_id == task_id, LogChunk.last > after)
        .order_by(LogChunk.last)
        .limit(limit)
    )
    heads, tail = await scope.batch(task, chunks)
    for status, progress, total, old in heads:
        entries = [*old, *_following(tail, after)][:limit]
        return LogPage(entries, after + 1, max(total, after + len(entries) if entries else 0), status, progress)
    raise NotVisibleError(Code.NOT_VISIBLE, "There is no such task for this caller.")


def length_of_log() -> ColumnElement[int]:
    """How many entries the log has."""
    return func.greatest(Task.log_length, func.jsonb_array_length(Task.logs))


def grown(entries: Sequence[LogEntry], *, at: int) -> ColumnElement[int]:
    """The length of a log that gets ``entries``, for ``values(log_length=...)``, if it is ``at`` long; else as it is."""
    return case((Task.log_length == at, at + len(entries)), else_=Task.log_length)


def appended(task_id: str, entries: Sequence[LogEntry], *, at: int, user_id: str | None = None) -> ReturningInsert[str]:
    """INSERT of the entries behind number ``at``; it returns nothing if they are there already.

    A writer who is alone and does not know whether an earlier try arrived tries again, and doubles nothing.
    ``user_id``: whose the task is, where the scope does not say so.
    """
    chunk = {"id": text_id(), "task_id": task_id, "last": at + len(entries), "entries": list(entries)}
    owned = chunk if user_id is None else {**chunk, "user_id": user_id}
    return insert(LogChunk).values(owned).on_conflict_do_nothing().returning(LogChunk.id)


def _following(chunks: Iterable[tuple[int, list[LogEntry]]], after: int) -> Iterable[LogEntry]:
    for last, entries in chunks:
        yield from entries[max(0, after - last + len(entries)) :]
