"""Which methods a path takes, over all of an application's routes: Starlette tells those of the first route only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from starlette.requests import Request
from starlette.routing import Match, Route

_METHODS: Final = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")


def allowed(request: Request) -> list[str]:
    """The methods that some route takes at the request's path (RFC 9110, section 10.2.1).

    Where routes name the very path, it is no place of others' parameters: ``/tasks/delete`` is no ``/tasks/{task_id}``.
    """
    routes: list[Any] = request.app.router.routes
    named = {method for each in _flat(routes) if each.path == request.scope["path"] for method in each.methods or ()}
    if named:
        return sorted(named)
    # A copy for each: matching leaves traces in a scope.
    scopes = ((method, {**request.scope, "method": method}) for method in _METHODS)
    return [method for method, scope in scopes if any(each.matches(scope)[0] is Match.FULL for each in routes)]


def _flat(routes: Iterable[Any]) -> Iterator[Route]:
    """The routes, with those of included routers."""
    for each in routes:
        included = getattr(each, "original_router", None)
        if included is not None:
            yield from _flat(included.routes)
        elif isinstance(each, Route):
            yield each
