"""The outermost layer: every request has an id, and no error leaves without an answer."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEADER: Final = b"x-request-id"
_log: Final = logging.getLogger(__name__)


class Boundary:
    """ASGI middleware: names each request in ``X-Request-Id``, and logs what went wrong under that name.

    ``last_resort`` makes the response to a request that raised; it tells nothing.
    """

    def __init__(self, app: ASGIApp, last_resort: Callable[[Request], Response]) -> None:
        self._app = app
        self._last_resort = last_resort

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        started = False

        async def named(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                others = (each for each in message.get("headers", ()) if each[0] != _HEADER)
                message["headers"] = [*others, (_HEADER, request_id.encode())]
            await send(message)

        try:
            await self._app(scope, receive, named)
        except ClientDisconnect:
            return
        except Exception:
            _log.exception("request %s failed: %s %r", request_id, scope["method"], scope["path"])
            if started:
                raise  # the server closes the connection, so that half an answer is not taken for a whole one
            await self._last_resort(Request(scope))(scope, receive, named)
