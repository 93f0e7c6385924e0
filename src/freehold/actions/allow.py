"""Which methods a path takes, over all of an application's routes: Starlette tells those of the first route only."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.routing import Match

_METHODS: Final = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")


def allowed(request: Request) -> list[str]:
    """The methods that some route takes at the request's path (RFC 9110, section 10.2.1)."""
    routes = request.app.router.routes
    # A copy for each: matching leaves traces in a scope.
    scopes = ((method, {**request.scope, "method": method}) for method in _METHODS)
    return [method for method, scope in scopes if any(each.matches(scope)[0] is Match.FULL for each in routes)]
