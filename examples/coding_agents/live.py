"""A task's log over HTTP: in pages, and live as server-sent events (WHATWG HTML, section 9.2).

A listener holds no database connection: it reads a page, as its own user, when something changed or when a second is
over. Every event carries the number of its entry, so a browser that reconnects goes on where it was.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator
from typing import Annotated, Final

from fastapi import APIRouter, Header, Query, Response
from starlette.responses import StreamingResponse

from examples.coding_agents.changes import Changes, TaskKey
from examples.coding_agents.logs import LogPage, read_log
from examples.coding_agents.schemas import Limit, LogOut, TaskId
from examples.coding_agents.tasks import Announced, id_of
from freehold.actions import Caller
from freehold.errors import FreeholdError, NotVisibleError
from freehold.scope import UserScope

routes = APIRouter(tags=["logs"])

_PAGE: Final = 200
_POLL_SECONDS: Final = 1.0
_HEARTBEAT_SECONDS: Final = 15.0
_LONGEST_SECONDS: Final = 3600.0  # then the browser reconnects, and has to show its session again
_FURTHEST: Final = 10_000_000
_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@routes.get("/tasks/{task_id}/logs")
async def read_logs(
    task_id: TaskId, caller: Caller, after: Annotated[int, Query(ge=0, le=_FURTHEST)] = 0, limit: Limit = 100
) -> LogOut:
    """Part of a task's log."""
    page = await read_log(caller.scope, task_id, after=after, limit=limit)
    following = page.last if page.last < page.total else None
    return LogOut(entries=page.entries, first=page.first, total=page.total, next=following)


@routes.get("/tasks/{task_id}/logs/stream", response_class=StreamingResponse)
async def stream_logs(
    task_id: TaskId,
    caller: Caller,
    changes: Announced,
    last_event_id: Annotated[int, Header(ge=0, le=_FURTHEST)] = 0,
) -> Response:
    """A task's log as it grows: events ``log``, and ``end`` when the task has ended. 204 tells a browser to stop."""
    page = await read_log(caller.scope, task_id, after=last_event_id, limit=_PAGE)
    if page.ended and last_event_id > 0 and not page.entries:
        return Response(status_code=204)
    events = _events(caller.scope, TaskKey(id_of(caller), task_id), changes, page)
    return StreamingResponse(events, media_type="text/event-stream", headers=_HEADERS)


async def _events(scope: UserScope, key: TaskKey, changes: Changes, page: LogPage) -> AsyncGenerator[str]:
    started = spoken = time.monotonic()
    yield "retry: 1000\n\n"
    with changes.hint(key) as hint:
        while True:
            for number, entry in enumerate(page.entries, page.first):
                yield f"id: {number}\nevent: log\ndata: {entry.model_dump_json(exclude_none=True)}\n\n"
                spoken = time.monotonic()
            if page.ended:
                yield _end(page.status)
                return
            if changes.closed or time.monotonic() - started > _LONGEST_SECONDS:
                return
            if page.last >= page.total:
                await hint.within(_POLL_SECONDS)
            if time.monotonic() - spoken > _HEARTBEAT_SECONDS:
                yield ": still here\n\n"
                spoken = time.monotonic()
            try:
                page = await read_log(scope, key.id, after=page.last, limit=_PAGE)
            except NotVisibleError:
                yield _end("deleted")
                return
            except FreeholdError:  # the browser reconnects, and is answered then
                return


def _end(status: str) -> str:
    return f"event: end\ndata: {json.dumps({'status': status})}\n\n"
