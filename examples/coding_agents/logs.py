"""A task's log: the one place that knows how entries are kept.

They are the elements of the jsonb array ``tasks.logs``, as in the program this one takes over from, numbered from 1.
An append is one atomic statement, but PostgreSQL writes the whole array anew for it; a shape whose cost does not grow
replaces this module alone. What bounds the cost until then: a runner writes the lines of a tenth of a second at once,
and keeps at most `MOST_ENTRIES` of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, bindparam, case, func, literal_column, select, type_coerce

from examples.coding_agents.documents import LogEntry
from examples.coding_agents.models import Task, TaskStatus
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

    The array is cut in the database, so that a page costs what is in it.
    """
    # A path that points behind the end of the array gives nothing (manual, 9.16.2, lax mode).
    place = func.jsonb_build_object(literal_column("'from'"), after, literal_column("'to'"), after + limit - 1)
    cut = func.jsonb_path_query_array(Task.logs, literal_column("'$[$from to $to]'::jsonpath"), place)
    status, total, entries = await scope.one(
        select(Task.status, length_of_log(), type_coerce(cut, Task.logs.type)).where(Task.id == task_id)
    )
    return LogPage(entries, after + 1, total, status)


def length_of_log() -> ColumnElement[int]:
    """How many entries the log has."""
    return func.jsonb_array_length(Task.logs)


def appended(entries: Sequence[LogEntry], *, at: int | None = None) -> ColumnElement[Any]:
    """The log with ``entries`` added, for ``values(logs=...)``.

    ``at``: how long the log must be for them to be added. A writer who is alone and does not know whether an earlier
    try arrived says so, tries again, and doubles nothing.
    """
    longer = Task.logs.op("||")(bindparam(None, list(entries), type_=Task.logs.type))
    return longer if at is None else case((length_of_log() == at, longer), else_=Task.logs)
