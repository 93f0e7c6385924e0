"""How much a request may send: what is larger is refused as soon as that is known, and never collected."""

from __future__ import annotations

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class BodyLimit:
    """ASGI middleware that answers 413 to whoever reads more than ``largest`` bytes of a request's body."""

    def __init__(self, app: ASGIApp, largest: int) -> None:
        self._app = app
        self._largest = largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = _announced(scope)
        read = announced if announced > self._largest else 0

        async def limited() -> Message:
            nonlocal read
            self._refuse(read)
            message = await receive()
            read += len(message.get("body", b""))
            self._refuse(read)
            return message

        await self._app(scope, limited, send)

    def _refuse(self, size: int) -> None:
        if size > self._largest:
            # An HTTPException, because FastAPI hides any other that is raised while it reads a body.
            raise HTTPException(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A request may have {self._largest} bytes at most."
            )


def _announced(scope: Scope) -> int:
    """What Content-Length says, 0 without one."""
    value = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    return int(value) if value.isdigit() else 0
