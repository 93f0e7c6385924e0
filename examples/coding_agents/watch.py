"""What is read of a log for those who watch it live: once, for all of a user's listeners who want the same at the same time.

Fifty browsers that hear of a line would read it fifty times, one after the other; the last would have it late.
"""

from __future__ import annotations

import asyncio
from typing import Final

from examples.coding_agents.changes import Changes, TaskKey
from examples.coding_agents.logs import LogPage, read_log
from freehold.scope import UserScope

_PAGE: Final = 200


class Watch:
    """The reads that are under way. A listener joins one only if it began after everything that was announced."""

    def __init__(self, changes: Changes) -> None:
        self.changes = changes
        self._reads: dict[tuple[TaskKey, int, int], asyncio.Task[tuple[LogPage, str]]] = {}

    async def read(self, scope: UserScope, key: TaskKey, *, after: int) -> tuple[LogPage, str]:
        """A page of the task's log, which is the scope's user's, and its entries as events; raises as `read_log` does."""
        place = key, after, self.changes.count
        read = self._reads.get(place)
        if read is None:
            read = self._reads[place] = asyncio.create_task(_read(scope, key.id, after))
            read.add_done_callback(lambda done: self._over(place, done))
        return await asyncio.shield(read)  # who leaves does not take it from the others

    def _over(self, place: tuple[TaskKey, int, int], read: asyncio.Task[tuple[LogPage, str]]) -> None:
        del self._reads[place]
        if not read.cancelled():
            read.exception()  # everybody may have left


async def _read(scope: UserScope, task_id: str, after: int) -> tuple[LogPage, str]:
    page = await read_log(scope, task_id, after=after, limit=_PAGE)
    events = (
        f"id: {number}\nevent: log\ndata: {entry.model_dump_json(exclude_none=True)}\n\n"
        for number, entry in enumerate(page.entries, page.first)
    )
    return page, "".join(events)
