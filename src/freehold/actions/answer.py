"""Problems as responses: a document for programs, and a page for browsers where the application has one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from freehold.actions.accept import prefers_html
from freehold.actions.problem import Problem

ErrorPage = Callable[[Problem], str]

_MEDIA_TYPE = "application/problem+json"
UNCACHED = {"Cache-Control": "no-store"}


def answer(request: Request, problem: Problem, headers: Mapping[str, str], page: ErrorPage | None) -> Response:
    """The response that says ``problem``; ``page`` makes HTML of it."""
    problem = problem.model_copy(update={"request_id": getattr(request.state, "request_id", None)})
    sent = {**headers, **UNCACHED}
    if page is None:
        return _document(problem, sent)
    sent["Vary"] = "Accept"
    if prefers_html(request.headers.get("accept", "")):
        return HTMLResponse(page(problem), problem.status, sent)
    return _document(problem, sent)


def _document(problem: Problem, headers: Mapping[str, str]) -> Response:
    body = problem.model_dump_json(exclude_none=True)
    return Response(body, problem.status, dict(headers), media_type=_MEDIA_TYPE)
