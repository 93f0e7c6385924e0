"""One stream of server-sent events for each user (WHATWG HTML, section 9.2): which tags were touched.

``ready`` says that everything may have changed, and comes first; ``touched`` names tags. A stream ends after some
minutes, when its reader comes back and shows its session again.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import StreamingResponse

from freehold.actions.announcement import Announcements, Subscription
from freehold.actions.context import Caller, Installation

_HEARTBEAT_SECONDS: Final = 15.0
_LONGEST_SECONDS: Final = 300.0
_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_MEDIA_TYPE: Final = "text/event-stream"
_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {200: {"description": "Events", "content": {_MEDIA_TYPE: {}}}}


def stream(path: str = "/events") -> APIRouter:
    """The route of the stream, for applications whose actions touch tags."""
    routes = APIRouter()

    async def events(request: Request, context: Caller) -> StreamingResponse:
        """What was touched, as it happens: ``ready`` and ``touched`` events."""
        told = _events(Installation.of(request).announcements, context.identity.user_id or "")
        await anext(told)  # so that a refusal is an answer, and not the end of one
        return StreamingResponse(told, media_type=_MEDIA_TYPE, headers=_HEADERS)

    routes.add_api_route(path, events, name="events", response_class=StreamingResponse, responses=_RESPONSES)
    return routes


async def _events(announcements: Announcements, user_id: str) -> AsyncGenerator[str]:
    ends = time.monotonic() + _LONGEST_SECONDS
    with announcements.subscription(user_id) as subscription:
        yield ""
        yield "retry: 1000\n\n"
        while (left := ends - time.monotonic()) > 0:
            yield await _next(subscription, min(left, _HEARTBEAT_SECONDS))


async def _next(subscription: Subscription, seconds: float) -> str:
    tags = await subscription.next(seconds)
    if tags is None:
        return "event: ready\ndata: {}\n\n"
    return f"event: touched\ndata: {json.dumps({'tags': tags})}\n\n" if tags else ": still here\n\n"
