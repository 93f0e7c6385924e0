"""Actions as HTTP routes: JSON in and out for programs, and the form's page for browsers without JavaScript."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from freehold.actions.action import Action
from freehold.actions.context import Caller, UserContext, user_context
from freehold.actions.direct import goes_direct
from freehold.actions.operation import operation_of
from freehold.actions.required import requiring
from freehold.actions.runner import Runner
from freehold.errors import Code, DeclarationError


def router(*actions: Action[..., Any]) -> APIRouter:
    """The routes of these actions, to be included in an application that `install` was called with.

    When it starts, tables of the library that the actions need and that are not there are `ConfigurationError` (FH614).
    Raises `DeclarationError` (FH110) for two actions of one name, or of one method and path.
    """
    _refuse_repeated("have the name", [each.name for each in actions])
    _refuse_repeated("answer to", [place for each in actions for place in _places(each)])
    routes = APIRouter(lifespan=requiring(actions))
    for each in actions:
        _add(routes, each)
    return routes


def _refuse_repeated(what: str, names: list[str]) -> None:
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise DeclarationError(
            Code.ACTION_SIGNATURE, f"Two actions {what} {repeated[0]!r}.", hint="Give each one of its own."
        )


def _places(action: Action[..., Any]) -> Iterator[str]:
    yield f"{action.method} {action.path}"
    if action.page is not None and action.page.at is not None:
        yield f"POST {action.page.at}"


def _add(routes: APIRouter, action: Action[..., Any]) -> None:
    runner, about = Runner(action), (action.function.__doc__ or "").strip()
    if action.page is not None and action.page.at is not None:  # for browsers: programs use the action's own path
        routes.add_api_route(
            action.page.at,
            _endpoint(runner.post),
            methods=["POST"],
            include_in_schema=False,
            route_class_override=_direct(runner.post),
        )
    routes.add_api_route(
        action.path,
        _endpoint(runner.run),
        methods=[action.method],
        name=action.name,
        operation_id=action.name,
        summary=about.partition("\n")[0].removesuffix(".") or action.name,
        description=about,
        tags=[action.name.partition(".")[0]],
        response_model=None,
        status_code=action.status,
        openapi_extra=operation_of(runner),
        route_class_override=_direct(runner.run),
    )


def _endpoint(run: Callable[[Request, UserContext], Awaitable[Response]]) -> Callable[..., Awaitable[Response]]:
    # The caller is FastAPI's dependency, so that a router's own dependencies and overrides count as anywhere else.
    async def endpoint(request: Request, context: Caller) -> Response:
        return await run(request, context)

    return endpoint


def _direct(run: Callable[[Request, UserContext], Awaitable[Response]]) -> type[APIRoute]:
    """A route that calls ``run`` itself where FastAPI has nothing to add."""

    class Direct(APIRoute):
        async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
            if not goes_direct(self, scope):
                await super().handle(scope, receive, send)
                return
            request = Request(scope, receive, send)
            response = await run(request, await user_context(request))
            await response(scope, receive, send)

    return Direct
