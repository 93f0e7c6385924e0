"""One log line and one measurement for each request, under the route's own path: an address may hold a secret."""

from __future__ import annotations

import time
from typing import Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from examples.coding_agents.metrics import Metrics

_log: Final = structlog.get_logger("coding_agents.access")
_UNKNOWN: Final = "(no such route)"


class Access:
    """ASGI middleware, outside of everything else."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                self._metrics.seconds.labels(_route(scope)).observe(time.perf_counter() - began)
            await send(message)

        structlog.contextvars.clear_contextvars()
        try:
            await self._app(scope, receive, watched)
        finally:
            self._note(scope, status, time.perf_counter() - began)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route, method = _route(scope), scope["method"]
        self._metrics.requests.labels(method, route, str(status)).inc()
        _log.info(
            "request",
            request_id=scope.get("state", {}).get("request_id"),
            method=method,
            route=route,
            status=status,
            milliseconds=round(seconds * 1000, 1),
        )


def _route(scope: Scope) -> str:
    """The path as it was declared, ``/tasks/{task_id}``; where the router says nothing, one without places is its own."""
    own = scope["path"] if "endpoint" in scope and not scope.get("path_params") else _UNKNOWN
    return getattr(scope.get("route"), "path", None) or own
