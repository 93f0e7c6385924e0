"""Headers that tell a browser what an application's pages do not need, so that nothing can be slipped into them."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SCRIPTS: Final = "script-src 'self'; connect-src 'self'; "
_POLICY: Final = (
    "default-src 'none'; {scripts}style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
_PRIVATE: Final = "no-store"


class SecurityHeaders:
    """ASGI middleware that adds them to every response, and keeps what does not say otherwise out of caches.

    The Content-Security-Policy (CSP Level 3) lets pages use files of their own site, and nothing inline.
    ``scripts``: whether they have any. Add the middleware after `install`, so that its answers have the headers too.
    """

    def __init__(self, app: ASGIApp, *, scripts: bool = True) -> None:
        self._app = app
        policy = _POLICY.format(scripts=_SCRIPTS if scripts else "")
        self._headers = {"Content-Security-Policy": policy, **_HEADERS}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self._headers)
                headers.setdefault("Cache-Control", _PRIVATE)
            await send(message)

        await self._app(scope, receive, guarded)
