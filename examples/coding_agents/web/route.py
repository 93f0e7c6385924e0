"""Where the pages are. Somebody who is not signed in gets the way in instead; nobody can ask for another's rows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import Request

from examples.coding_agents.people import read_me
from examples.coding_agents.schemas import After, Id
from examples.coding_agents.web import account, connector, key, page, setting, task, token
from examples.coding_agents.web.asset import ASSETS
from examples.coding_agents.web.page import Person
from freehold import UserContext
from freehold.actions import Form, Visitor
from freehold.errors import NotVisibleError

_Show = Callable[[UserContext], Awaitable[str]]
_Section = Callable[[UserContext, Form, str], Awaitable[str]]
_Done = Annotated[str, Query(max_length=20)]
_Line = Annotated[int | None, Query(ge=2, le=10_000_000)]


def routes(people: Sequence[Person] = (), *, github: bool = False) -> APIRouter:
    """The pages and their files.

    ``people``: who may be chosen where signing in needs no password; ``github``: whether one can sign in there.
    """
    pages = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

    async def shown(request: Request, caller: UserContext | None, show: _Show) -> str:
        if caller is not None and (found := await _found(caller, show)) is not None:
            return found
        return page.sign_in(people, github=github, return_to=request.url.path)

    @pages.get("/app")
    async def tasks(request: Request, caller: Visitor, after: After | None = None, done: _Done = "") -> str:
        return await shown(request, caller, lambda ctx: task.show_list(ctx, Form(), after, done))

    @pages.get("/app/tasks/{task_id}")
    async def one_task(
        request: Request,
        caller: Visitor,
        task_id: Annotated[Id, Path()],
        before: _Line = None,
        said_after: After | None = None,
    ) -> str:
        return await shown(request, caller, lambda ctx: task.show(ctx, task_id, Form(), before, said_after))

    def section(show: _Section) -> Callable[..., Awaitable[str]]:
        async def get(request: Request, caller: Visitor, done: _Done = "") -> str:
            return await shown(request, caller, lambda ctx: show(ctx, Form(), done))

        return get

    pages.get("/app/keys")(section(key.show))
    pages.get("/app/tokens")(section(token.show))
    pages.get("/app/connectors")(section(connector.show))
    pages.get("/app/settings")(section(setting.show))
    pages.get("/app/account")(section(partial(account.show, github=github)))
    pages.get("/")(_front)
    pages.get("/assets/{digest}/{name}")(_file)
    return pages


async def _found(caller: UserContext, show: _Show) -> str | None:
    """The page, or None for a caller who is no user any more: a session may outlive its user."""
    try:
        return await show(caller)
    except NotVisibleError:
        try:
            await read_me(caller)
        except NotVisibleError:
            return None
        raise


async def _front(request: Request) -> Response:
    return RedirectResponse(f"{request.scope.get('root_path', '')}/app", HTTPStatus.SEE_OTHER)


async def _file(digest: str, name: str) -> Response:
    asset = ASSETS.get(name)
    if asset is None or asset.digest != digest:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return asset.response()
