"""Bad input at every endpoint that is documented: nothing breaks, nothing leaks, nobody gets in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from fastapi import FastAPI
from httpx import AsyncClient, Response

from examples.coding_agents.app import ACTIONS
from freehold.actions import Action
from freehold.auth import DevelopmentSessions
from freehold.models import text_id
from tests.integration.coding_agents.conftest import ADA

PLACES = {"provider": "openai", "key": "theme"}
WRITING = [each for each in ACTIONS if not each.reads]
FORGED = [
    "fhp_" + "0" * 49,
    "fhs_" + "0" * 49,
    "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.",
    "0" * 64,
    "x",
    "x" * 9000,
]


def place_of(action: Action[..., Any]) -> str:
    """Where the action is, for ids that nobody has."""
    return action.path.format_map({name: PLACES.get(name, text_id()) for name in action.signature.path})


def fields_of(action: Action[..., Any]) -> Iterator[str]:
    """The fields of its input."""
    if action.signature.input is not None:
        yield from action.signature.input.model_fields


def told(answer: Response, *statuses: int) -> None:
    """The answer is a problem of one of the statuses, and tells nothing of the inside."""
    assert answer.status_code in statuses, (answer.status_code, answer.text)
    assert answer.headers["content-type"] == "application/problem+json"
    assert not any(word in answer.text for word in ("Traceback", "psycopg", "public.", 'File "'))


async def test_nobody_gets_in_without_a_credential(as_nobody: AsyncClient, sessions: DevelopmentSessions) -> None:
    """Missing, forged, or ended: 401 everywhere, before anything is looked at."""
    for action in ACTIONS:
        place = place_of(action)
        told(await as_nobody.request(action.method, place, json=None if action.reads else {}), 401)
        for token in (*FORGED, sessions.issue(ADA, lifetime=timedelta(minutes=-5))):
            answer = await as_nobody.request(action.method, place, headers={"Authorization": f"Bearer {token}"})
            told(answer, 401)


async def test_a_body_is_a_document_of_the_right_shape(as_ada: AsyncClient) -> None:
    """Not JSON, not UTF-8, NUL, unknown fields, wrong types, too much of it, and other media types."""
    for action in WRITING:
        place = place_of(action)

        async def sent(content: bytes, kind: str = "application/json", at: Any = (action.method, place)) -> Response:
            return await as_ada.request(*at, content=content, headers={"Content-Type": kind})

        for content in (b"{", b"[]", b'"x"', b"null", b'{"a":"\xff"}', b"\xff\xfe{}", b"{}{}", b'{"unknown":1}'):
            told(await sent(content), 422)
        told(await sent(b"[" * 100_000), 422)
        told(await sent(b'{"x":"' + b"a" * 2_000_000 + b'"}'), 413)
        for kind in ("text/plain", "application/xml", "multipart/form-data; boundary=x"):
            told(await sent(b"{}", kind), 415)
        for field in fields_of(action):
            for value in ({"a": 1}, [[1]], "a\x00b", 10**30, True):
                answer = await sent(json.dumps({field: value}).encode())
                assert answer.status_code in {200, 201, 204, 404, 409, 422}, (field, value, answer.text)


async def test_a_query_is_of_the_right_shape(as_ada: AsyncClient) -> None:
    """Unknown parameters, NUL, what is not UTF-8, and numbers that are none or too large."""
    for action in (each for each in ACTIONS if each.reads):
        place = place_of(action)
        for query in ("unknown=1", "limit=x", "limit=0", "limit=1e999", "after=%00", "after=%FF", "limit=1&limit=2&x"):
            answer = await as_ada.get(f"{place}?{query}")
            assert answer.status_code == 422, (query, answer.text)


async def test_a_place_is_of_the_right_shape(as_ada: AsyncClient) -> None:
    """NUL, what is not UTF-8, and what is no id: refused, or there is no such place."""
    for action in (each for each in ACTIONS if each.signature.path):
        for text in ("%00", "%FF", "a%0Ab", "x" * 3000, "%F0%9F%90%8D", "'--"):
            path = action.path.format_map(dict.fromkeys(action.signature.path, text))
            told(await as_ada.request(action.method, path, json=None if action.reads else {}), 422, 404)


async def test_other_methods_are_refused(app: FastAPI, as_ada: AsyncClient) -> None:
    """At every path, with the methods that there are."""
    for path, operations in app.openapi()["paths"].items():
        place = path.format_map({**PLACES, "task_id": "t", "token_id": "t", "session_id": "s", "connector_id": "c"})
        known = {method.upper() for method in operations}
        if path in {"/tasks/delete", "/sessions/end-others"}:
            known |= {"GET", "DELETE"}  # which are an id's, that nobody has
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"} - known:
            answer = await as_ada.request(method, place)
            told(answer, 405)
            assert known >= set(answer.headers["allow"].split(", ")) - {"HEAD"}


async def test_a_request_that_is_sent_again_happens_once(as_ada: AsyncClient, as_grace: AsyncClient) -> None:
    """With its key, the answer is the first one's; another body is refused, and another user's key is another key."""
    headers = {"Idempotency-Key": "the-one"}
    first, again = [await as_ada.post("/tasks", json={"prompt": "x"}, headers=headers) for _ in "ab"]
    assert (first.status_code, first.json()["id"]) == (201, again.json()["id"])
    assert again.headers["location"] == first.headers["location"]
    told(await as_ada.post("/tasks", json={"prompt": "y"}, headers=headers), 422)
    assert (await as_grace.post("/tasks", json={"prompt": "x"}, headers=headers)).json()["id"] != first.json()["id"]
    assert len((await as_ada.get("/tasks")).json()["tasks"]) == 1
