"""Which methods a path takes, over all of an application's routes: Starlette tells those of the first route only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.routing import Match

_METHODS: Final = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")


def allowed(request: Request) -> list[str]:
    """The methods that some route takes at the request's path (RFC 9110, section 10.2.1).

    Where routes name the very path, it is no place of others' parameters: ``/tasks/delete`` is no ``/tasks/{task_id}``.
    """
    found = [method for method in _METHODS for _ in _matches(request, method)]
    named = [method for method in _METHODS for place in _matches(request, method) if not place.get("path_params")]
    return sorted(set(named or found))


def _matches(request: Request, method: str) -> Iterator[Mapping[str, Any]]:
    """What the routes add to the scope of a request with ``method`` that they take."""
    for route in request.app.router.routes:
        # A copy for each: matching leaves traces in a scope.
        match, added = route.matches({**request.scope, "method": method, "path_params": {}})
        if match is Match.FULL:
            yield added
