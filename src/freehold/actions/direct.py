"""Routes that need nothing of FastAPI's for a request: no dependency of a router's, no override, no limit of its own.

FastAPI solves dependencies anew for each request, which costs more than the rest of an action. It keeps the rules of
an inclusion to itself; where they cannot be read, a request goes FastAPI's way.
"""

# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from fastapi import routing
from fastapi.routing import APIRoute
from starlette.types import Scope

_inclusion_of: Final[Callable[[Scope], Any] | None] = getattr(routing, "_get_scope_effective_route_context", None)
_TELEMETRY: Final = "fastapi.telemetry"


def goes_direct(route: APIRoute, scope: Scope) -> bool:
    """Whether nothing stands between ``route``, which matched ``scope``, and its endpoint."""
    if _inclusion_of is None or _TELEMETRY in scope or scope["method"] not in (route.methods or ()):
        return False
    inclusion = _inclusion_of(scope)
    rules = inclusion if inclusion is not None and inclusion.original_route is route else route
    overrides = getattr(rules.dependency_overrides_provider, "dependency_overrides", None)
    return not (rules.dependencies or overrides or rules.max_body_size is not None)
