"""Actions as HTTP routes: JSON in and out for programs, and the form's page for browsers without JavaScript."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter
from pydantic import BaseModel, TypeAdapter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from freehold.actions.action import Action
from freehold.actions.answer import UNCACHED
from freehold.actions.context import Caller, UserContext
from freehold.actions.field import Fields
from freehold.actions.form import Form, Page
from freehold.actions.input import Reader
from freehold.actions.problem import problem_of
from freehold.actions.schema import FORM, JSON, refusals, request_body
from freehold.errors import Code, DeclarationError, FieldError, FreeholdError

# What the caller can put right by changing what is in the form.
_AMENDABLE: Final = frozenset({HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY})


def router(*actions: Action[..., Any]) -> APIRouter:
    """The routes of these actions, to be included in an application that `install` was called with.

    Raises `DeclarationError` (FH110) for two actions of one name.
    """
    repeated = [name for name, count in Counter(each.name for each in actions).items() if count > 1]
    if repeated:
        raise DeclarationError(
            Code.ACTION_SIGNATURE, f"Two actions have the name {repeated[0]!r}.", hint="Give each a name of its own."
        )
    routes = APIRouter()
    for each in actions:
        _add(routes, each)
    return routes


def _add(routes: APIRouter, action: Action[..., Any]) -> None:
    reader = Reader(action.signature.input)
    routes.add_api_route(
        action.path,
        _endpoint(_Runner(action, reader)),
        methods=["POST"],
        name=action.name,
        operation_id=action.name,
        description=(action.function.__doc__ or "").strip(),
        response_model=action.signature.output,
        status_code=HTTPStatus.OK if action.signature.output else HTTPStatus.NO_CONTENT,
        responses=refusals(),
        openapi_extra={"requestBody": request_body(action, reader)},
    )


def _endpoint(runner: _Runner) -> Callable[..., Awaitable[Response]]:
    # The caller is FastAPI's dependency, so that a router's own dependencies and overrides count as anywhere else.
    async def endpoint(request: Request, context: Caller) -> Response:
        return await runner.run(request, context)

    return endpoint


class _Runner:
    """One action, called by requests."""

    def __init__(self, action: Action[..., Any], reader: Reader) -> None:
        self._action = action
        self._reader = reader
        self._output = TypeAdapter(action.signature.output) if action.signature.output else None

    async def run(self, request: Request, context: UserContext) -> Response:
        """The response to a post in one of the formats that the action takes."""
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type == FORM and self._action.page:
            return await self._from_form(self._action.page, request, context)
        if media_type == JSON or (not media_type and self._action.signature.input is None):
            return await self._from_json(request, context)
        accepted = f"{JSON}, {FORM}" if self._action.page else JSON
        raise HTTPException(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Send one of: {accepted}.", headers={"Accept-Post": accepted}
        )

    async def _from_json(self, request: Request, context: UserContext) -> Response:
        result = await self._call(context, self._reader.from_json(await request.body()))
        if self._output is None:
            return Response(status_code=HTTPStatus.NO_CONTENT, headers=UNCACHED)
        return Response(self._output.dump_json(result, by_alias=True), HTTPStatus.OK, UNCACHED, JSON)

    async def _from_form(self, page: Page, request: Request, context: UserContext) -> Response:
        fields = Fields.parse(await request.body())
        try:
            await self._call(context, self._reader.from_form(fields))
        except FreeholdError as error:
            problem = problem_of(error)
            if problem.status not in _AMENDABLE:
                raise
            errors = tuple(FieldError(each.pointer, each.message) for each in problem.errors or ())
            form = Form(fields.shown, errors, problem.detail or problem.title)
            return HTMLResponse(await page.render(context, form), problem.status, UNCACHED)
        root: str = request.scope.get("root_path", "")
        return RedirectResponse(root + page.path, HTTPStatus.SEE_OTHER)

    async def _call(self, context: UserContext, value: BaseModel) -> Any:
        arguments = () if self._action.signature.input is None else (value,)
        result = await self._action.function(context, *arguments)
        output = self._action.signature.output
        # Written out by the declared model: what only a subclass has stays here, anything else is a mistake.
        if output is not None and not isinstance(result, output):
            raise TypeError(f"the action {self._action.name!r} gave a {type(result).__name__}, not {output.__name__}")
        return result
