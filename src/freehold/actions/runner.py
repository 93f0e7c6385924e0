"""One action, called by requests: what is sent becomes its arguments, and what it gives an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, Final, cast
from urllib.parse import quote

from pydantic import BaseModel, TypeAdapter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from freehold.actions.action import Action, fields_of
from freehold.actions.answer import UNCACHED
from freehold.actions.context import UserContext
from freehold.actions.field import Fields
from freehold.actions.form import Form, Page
from freehold.actions.input import Path, Reader
from freehold.actions.problem import problem_of
from freehold.errors import FieldError, FreeholdError
from freehold.limits import Standing, headers_of

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
HTML: Final = "text/html"

# What the caller can put right by changing what is in the form.
AMENDABLE: Final = frozenset({HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.TOO_MANY_REQUESTS})
# For the same caller only, and not without asking whether it is still so.
_ASK_AGAIN: Final = {"Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie"}


@dataclass(frozen=True)
class _Call:
    """The arguments of one call, and what tells it from other calls of the action."""

    path: Mapping[str, Any]
    input: BaseModel | None
    request: tuple[bytes, ...]


@dataclass(frozen=True)
class _Done:
    """What the action gave, and the headers that go with it."""

    result: Any
    headers: Mapping[str, str]


class Runner:
    """Reads requests, calls the action, and writes answers."""

    def __init__(self, action: Action[..., Any]) -> None:
        self.action = action
        self.reader = Reader(action.signature.input)
        self.path = Path(action.signature.path)
        self.output: TypeAdapter[Any] | None = (
            TypeAdapter(action.signature.annotation) if action.signature.output else None
        )

    async def run(self, request: Request, context: UserContext) -> Response:
        """The answer to ``request``; raises what the action raises."""
        self._require_scope(context)
        if self.action.reads:
            return await self._read(request, context)
        media_type = _media_type(request)
        if media_type == FORM and self.action.takes_forms:
            return await self._from_form(request, context)
        if media_type == JSON or (not media_type and self.action.signature.input is None):
            return await self._from_json(request, context)
        raise _unsupported(*((JSON, FORM) if self.action.takes_forms else (JSON,)))

    async def post(self, request: Request, context: UserContext) -> Response:
        """The answer to a form that was posted to its page's own place."""
        self._require_scope(context)
        if _media_type(request) != FORM:
            raise _unsupported(FORM)
        return await self._from_form(request, context)

    def _require_scope(self, context: UserContext) -> None:
        if self.action.scope is not None:
            context.require(self.action.scope)

    async def _read(self, request: Request, context: UserContext) -> Response:
        query: bytes = request.scope.get("query_string", b"")
        path = self.path.values(request.path_params)
        call = _Call(path, self.reader.from_query(Fields.parse(query)), ())
        if not self.action.tags:
            return self._response(await self._answered(context, call, UNCACHED), call)
        from freehold.actions import tag  # noqa: PLC0415 - its table is the application's only if it is used

        asked = (context.identity.user_id or "", self.action.name, request.url.path, query.decode("latin-1"))
        scope = tag.before(context.scope, self._tags(self.action.tags, path))
        if "if-none-match" in request.headers:
            etag = tag.etag_of(*asked, await tag.versions(scope))
            if tag.has(request.headers, etag):
                return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={**_ASK_AGAIN, "ETag": etag})
        done = await self._answered(replace(context, scope=scope), call, _ASK_AGAIN)
        if not scope.went:  # what was read past the scope may be older than the versions are now
            return self._response(done, call)
        etag = tag.etag_of(*asked, await tag.versions(scope))
        return self._response(replace(done, headers={**done.headers, "ETag": etag}), call)

    async def _from_json(self, request: Request, context: UserContext) -> Response:
        body = await request.body()
        path = self.path.values(request.path_params)
        call = _Call(path, self.reader.from_json(body), (request.url.path.encode(), body))
        return await self._once(request, context, call)

    async def _once(self, request: Request, context: UserContext, call: _Call) -> Response:
        """The answer to a request that may have been sent before."""
        from freehold.actions import idempotency  # noqa: PLC0415 - as above

        if not self.action.idempotent:
            idempotency.refuse_key(request.headers)
            return self._response(await self._answered(context, call, UNCACHED), call)
        key = idempotency.sent_key(request.headers)
        if key is None:
            return self._response(await self._answered(context, call, UNCACHED), call)
        once = idempotency.Once.of(context.identity.user_id or "", self.action.name, key, call.request)
        async with context.scope.transaction() as scope:
            response = await once.earlier(scope)
            if response is None:
                done = await self._transacted(replace(context, scope=scope), call, UNCACHED)
                response = self._response(done, call)
                await once.keep(scope, response)
        return response

    async def _from_form(self, request: Request, context: UserContext) -> Response:
        page = cast(Page, self.action.page)
        fields, path = Fields.parse(await request.body()), self.path.values(request.path_params)
        try:
            done = await self._answered(context, _Call(path, self.reader.from_form(fields), ()), UNCACHED)
        except FreeholdError as error:
            problem = problem_of(error)
            if problem.status not in AMENDABLE:
                raise
            errors = tuple(FieldError(each.pointer, each.message) for each in problem.errors or ())
            form = Form(fields.shown, errors, problem.detail or problem.title, path, fields.several)
            return HTMLResponse(await page.render(context, form), problem.status, UNCACHED)
        if page.show is not None:
            return HTMLResponse(await page.show(context, done.result), self.action.status, UNCACHED)
        root: str = request.scope.get("root_path", "")
        return RedirectResponse(root + _filled(page.path, path, done.result), HTTPStatus.SEE_OTHER)

    async def _answered(self, context: UserContext, call: _Call, headers: Mapping[str, str]) -> _Done:
        if not self.action.transactional:
            return _Done(await self._call(context, call), headers)
        async with context.scope.transaction() as scope:
            return await self._transacted(replace(context, scope=scope), call, headers)

    async def _transacted(self, context: UserContext, call: _Call, headers: Mapping[str, str]) -> _Done:
        """Counts, acts and touches, in the transaction that ``context`` has."""
        standings: tuple[Standing, ...] = ()
        if self.action.limits:
            from freehold.limits.spend import spend  # noqa: PLC0415 - as above

            standings = await spend(context.scope, context.identity, self.action.limits)
        result = await self._call(context, call)
        if self.action.touches:
            from freehold.actions import tag  # noqa: PLC0415 - as above

            await tag.revalidate(context.scope, *self._tags(self.action.touches, call.path))
        return _Done(result, {**headers, **headers_of(standings)})

    async def _call(self, context: UserContext, call: _Call) -> Any:
        result = await self.action.function(context, *self._arguments(call))
        output = self.action.signature.output
        if output is None:
            return result
        # Written out by the declared model: what only a subclass has stays here, anything else is a mistake.
        items = cast(list[Any], result) if self.action.signature.several else [result]
        if not all(isinstance(each, output) for each in items):
            given = next(type(each).__name__ for each in items if not isinstance(each, output))
            raise TypeError(f"the action {self.action.name!r} gave a {given}, not {output.__name__}")
        return result

    def _arguments(self, call: _Call) -> tuple[Any, ...]:
        return (*call.path.values(), *(() if self.action.signature.input is None else (call.input,)))

    def _response(self, done: _Done, call: _Call) -> Response:
        action, result, sent = self.action, done.result, dict(done.headers)
        if action.location is not None:
            sent["Location"] = _filled(action.location, call.path, result)
        if self.output is None:
            return Response(status_code=action.status, headers=sent)
        return Response(self.output.dump_json(result, by_alias=True), action.status, sent, JSON)

    def _tags(self, templates: tuple[str, ...], path: Mapping[str, Any]) -> list[str]:
        return [template.format_map(path) for template in templates]


def _filled(template: str, places: Mapping[str, Any], result: object) -> str:
    known = {name: places[name] if name in places else getattr(result, name) for name in fields_of(template)}
    return template.format_map({name: quote(str(value), safe="") for name, value in known.items()})


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _unsupported(*accepted: str) -> HTTPException:
    listed = ", ".join(accepted)
    return HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Send one of: {listed}.", headers={"Accept-Post": listed})
