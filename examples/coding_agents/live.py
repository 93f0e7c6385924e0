"""A task's log over HTTP: in pages, and live as server-sent events (WHATWG HTML, section 9.2).

A listener holds no database connection: it reads a page, as its own user, when something changed or when a second is
over; listeners of one user who want the same at once share the read. Every event carries the number of its entry, so a
browser that reconnects goes on where it was.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator
from typing import Annotated, Any, Final, cast

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from pydantic import Field
from starlette.responses import StreamingResponse

from examples.coding_agents.changes import TaskKey
from examples.coding_agents.logs import LogPage, read_log
from examples.coding_agents.schemas import Id, LogOut, WhichLines
from examples.coding_agents.tasks import id_of
from examples.coding_agents.watch import Watch
from freehold import UserContext, action
from freehold.actions import Caller
from freehold.actions.operation import told
from freehold.errors import FreeholdError, NotVisibleError
from freehold.scope import UserScope

routes = APIRouter(tags=["logs"])

_POLL_SECONDS: Final = 1.0
_HEARTBEAT_SECONDS: Final = 15.0
_LONGEST_SECONDS: Final = 300.0  # then the browser reconnects, and has to show its session again
_FURTHEST: Final = 10_000_000
_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_EVENTS: Final = "text/event-stream"
_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "Events", "content": {_EVENTS: {"schema": {"type": "string"}}}},
    204: {"description": "The task has ended, and nothing follows."},
    **told(401, 403, 404, 422),
}
_Number = Annotated[int, Field(ge=0, le=_FURTHEST)]


@action.read("logs.read", path="/tasks/{task_id}/logs", scope="tasks:read")
async def read_logs(ctx: UserContext, task_id: Id, which: WhichLines) -> LogOut:
    """Part of a task's log."""
    page = await read_log(ctx.scope, task_id, after=which.after, limit=which.limit)
    following = page.last if page.last < page.total else None
    return LogOut(entries=page.entries, first=page.first, total=page.total, next=following)


def watch_of(request: Request) -> Watch:
    """What this process reads for listeners."""
    return cast(Watch, request.app.state.watch)


@routes.get("/tasks/{task_id}/logs/stream", response_class=StreamingResponse, responses=_RESPONSES)
async def stream_logs(
    task_id: Annotated[Id, Path()],
    caller: Caller,
    watch: Annotated[Watch, Depends(watch_of)],
    after: Annotated[_Number, Query(description="The number of the last entry that is known.")] = 0,
    last_event_id: Annotated[_Number, Header()] = 0,
) -> Response:
    """A task's log as it grows: events ``log``, ``task`` with status and progress, and ``end`` when it has ended.

    What a browser that comes back knows already it says in Last-Event-ID; 204 tells it to stop coming.
    """
    caller.require("tasks:read")
    key = TaskKey(id_of(caller), task_id)
    page, lines = await watch.read(caller.scope, key, after=max(after, last_event_id))
    if page.ended and last_event_id > 0 and not page.entries:
        return Response(status_code=204)
    events = _events(caller.scope, key, watch, page, lines)
    return StreamingResponse(events, media_type=_EVENTS, headers=_HEADERS)


async def _events(scope: UserScope, key: TaskKey, watch: Watch, page: LogPage, lines: str) -> AsyncGenerator[str]:
    started = spoken = time.monotonic()
    yield "retry: 1000\n\n"
    told = ""
    with watch.changes.hint(key) as hint:
        while True:
            if lines:
                yield lines
                spoken = time.monotonic()
            if told != (told := _task(page)):
                yield told
                spoken = time.monotonic()
            if page.ended:
                yield _end(page.status)
                return
            if watch.changes.closed or time.monotonic() - started > _LONGEST_SECONDS:
                return
            if page.last >= page.total:
                await hint.within(_POLL_SECONDS)
            if time.monotonic() - spoken > _HEARTBEAT_SECONDS:
                yield ": still here\n\n"
                spoken = time.monotonic()
            try:
                page, lines = await watch.read(scope, key, after=page.last)
            except NotVisibleError:
                yield _end("deleted")
                return
            except FreeholdError:  # the browser reconnects, and is answered then
                return


def _task(page: LogPage) -> str:
    return f"event: task\ndata: {json.dumps({'status': page.status, 'progress': page.progress})}\n\n"


def _end(status: str) -> str:
    return f"event: end\ndata: {json.dumps({'status': status})}\n\n"
