"""Makes a FastAPI application answer as freehold does: callers, problems, request ids, and a limit on bodies."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, cast

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from freehold.actions.allow import allowed
from freehold.actions.announcement import Announcements
from freehold.actions.answer import ErrorPage, answer
from freehold.actions.boundary import Boundary
from freehold.actions.context import Installation
from freehold.actions.input import field_errors, invalid
from freehold.actions.limit import BodyLimit
from freehold.actions.openapi import describe
from freehold.actions.problem import OPAQUE, Problem, kind_of, problem_of
from freehold.actions.required import explained
from freehold.auth import Verify
from freehold.errors import FreeholdError
from freehold.scope import Database

_MEBIBYTE: Final = 1024 * 1024
_PHRASES: Final = {int(status): status.phrase for status in HTTPStatus}
_log: Final = logging.getLogger(__name__)


def install(
    app: FastAPI,
    *,
    db: Database,
    verify: Verify,
    cookie: str,
    largest_body: int = _MEBIBYTE,
    error_page: ErrorPage | None = None,
) -> None:
    """Gives ``app`` a database and callers, and answers every error with a problem document.

    ``verify`` says whose a token is, or raises `UnauthenticatedError` (FH602); ``cookie`` names the session's.
    ``largest_body``: bytes. ``error_page``: HTML for a problem, sent to whoever prefers that; escape what it shows.
    """
    Installation(db, verify, cookie, Announcements(db)).put(app.state)
    answers = _Answers(error_page)
    for kind in (FreeholdError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, answers.error)
    describe(app, cookie)
    app.add_middleware(BodyLimit, largest=largest_body)
    app.add_middleware(Boundary, last_resort=answers.broken)


class _Answers:
    """The response to every kind of exception that leaves a route."""

    def __init__(self, page: ErrorPage | None) -> None:
        self._page = page

    async def error(self, request: Request, error: Exception) -> Response:
        """The response to ``error``; what is no caller's business goes on to the boundary, which logs it."""
        match error:
            case HTTPException():
                return self._http(request, error)
            case RequestValidationError():
                return self._known(request, invalid(field_errors(map(_beside_the_body, error.errors()))))
            case FreeholdError() if kind_of(error) is not OPAQUE:
                return self._known(request, error)
            case _:
                raise explained(error)

    def broken(self, request: Request) -> Response:
        """The response to a request that raised what nobody expected."""
        return answer(request, Problem(title=OPAQUE.title, status=OPAQUE.status), {}, self._page)

    def _known(self, request: Request, error: FreeholdError) -> Response:
        kind = kind_of(error)
        if kind.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            _log.warning("request %s failed: %s", getattr(request.state, "request_id", None), error)
        return answer(request, problem_of(error), kind.headers, self._page)

    def _http(self, request: Request, error: HTTPException) -> Response:
        """What HTTP itself has a status for: no such route, the wrong method, a body that is too large."""
        status, headers = error.status_code, error.headers or {}
        if status < HTTPStatus.BAD_REQUEST:
            return Response(status_code=status, headers=headers)
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            headers = {**headers, "Allow": ", ".join(allowed(request))}
        title, said = _PHRASES.get(status, "Error"), cast(object, error.detail)
        telling = status < HTTPStatus.INTERNAL_SERVER_ERROR and isinstance(said, str) and said != title
        return answer(
            request, Problem(title=title, status=status, detail=str(said) if telling else None), headers, self._page
        )


def _beside_the_body(error: Mapping[str, Any]) -> Mapping[str, Any]:
    """FastAPI names the part of the request first; of the body's errors only the rest is a pointer."""
    place = error["loc"]
    return {**error, "loc": place[1:] if place[:1] == ("body",) else place}
