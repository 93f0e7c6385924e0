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
        announced = announced_by(scope)
        read = announced if announced > self._largest else 0

        async def limited() -> Message:
            nonlocal read
            refuse_larger(read, self._largest)
            message = await receive()
            read += len(message.get("body", b""))
            refuse_larger(read, self._largest)
            return message

        await self._app(scope, limited, send)


def refuse_larger(size: int, largest: int) -> None:
    """Answers 413 to a body of ``size`` bytes if that is more than ``largest``."""
    if size > largest:
        # An HTTPException, because FastAPI hides any other that is raised while it reads a body.
        raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A request may have {largest} bytes at most.")


def announced_by(scope: Scope) -> int:
    """What Content-Length says, 0 without one."""
    value = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    return int(value) if value.isdigit() else 0
