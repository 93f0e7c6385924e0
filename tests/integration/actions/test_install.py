"""What every answer has: a request id, a bounded body, a problem where it failed, and nothing that leaks."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from http import HTTPStatus

import httpx
import pytest
from fastapi import FastAPI

from freehold.auth import DevelopmentSessions
from freehold.scope import Database
from tests.integration.actions.conftest import opened
from tests.integration.actions.notes import SECRET, create_app
from tests.integration.conftest import ALICE

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


async def _chunks(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 1024):
        yield b" " * 1024


async def test_every_request_has_an_id(nobody: httpx.AsyncClient) -> None:
    """One of its own, whatever the answer, and whatever the client says."""
    paths = ["/whoever", "/me", "/nowhere", "/crash"]
    answers = [await nobody.get(path, headers={"X-Request-Id": "mine"}) for path in paths]
    assert [each.status_code for each in answers] == [200, 401, 404, 500]
    ids = {each.headers["x-request-id"] for each in answers}
    assert len(ids) == len(paths)
    assert "mine" not in ids
    assert [each.json()["request_id"] for each in answers[1:]] == [each.headers["x-request-id"] for each in answers[1:]]


@pytest.mark.parametrize(("method", "path"), [("GET", "/crash"), ("POST", "/notes/crash"), ("POST", "/notes/wrong")])
async def test_a_failure_is_opaque_and_logged(
    alice: httpx.AsyncClient, caplog: pytest.LogCaptureFixture, method: str, path: str
) -> None:
    """The caller gets an id; the log has the traceback under it, once."""
    with caplog.at_level(logging.ERROR):
        answer = await alice.request(method, path)
    assert answer.status_code == 500
    assert set(answer.json()) == {"type", "title", "status", "request_id"}
    assert SECRET not in answer.text
    (record,) = [each for each in caplog.records if each.name.startswith("freehold")]
    assert answer.headers["x-request-id"] in record.getMessage()
    assert record.exc_info


async def test_a_lost_database_is_a_problem_that_passes(
    cluster_gone: FastAPI, sessions: DevelopmentSessions, caplog: pytest.LogCaptureFixture
) -> None:
    """503, when to come back, and not a word about hosts and roles."""
    async with opened(cluster_gone, sessions.issue(ALICE)) as client:
        answer = await client.get("/find", params={"title": "x"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert "127.0.0.1" not in answer.text
    assert "app" not in answer.json().get("detail", "")
    assert answer.headers["x-request-id"] in caplog.text


@pytest.fixture
def cluster_gone(sessions: DevelopmentSessions) -> FastAPI:
    """An application whose server does not answer."""
    return create_app(Database("postgresql://app@127.0.0.1:1/app"), sessions)


@pytest.mark.parametrize("path", ["/notes/add", "/notes/clear"])
async def test_a_huge_body_is_refused(alice: httpx.AsyncClient, path: str) -> None:
    """Announced or not; a body of the largest size is read, and refused for what is in it."""
    headers = {"Content-Type": "application/json"}
    fitting = await alice.post(path, content=b" " * 4096, headers=headers)
    assert fitting.status_code == 422
    announced = await alice.post(path, content=b" " * 4097, headers=headers)
    streamed = await alice.post(path, content=_chunks(8192), headers=headers)
    lying = await alice.post(path, content=_chunks(8192), headers={**headers, "Content-Length": "10"})
    for answer in (announced, streamed, lying):
        assert answer.status_code == 413
        assert answer.json()["title"] == HTTPStatus(413).phrase
        assert answer.headers["content-type"] == "application/problem+json"


async def test_a_plain_routes_body_is_bounded_alike(alice: httpx.AsyncClient) -> None:
    """The limit is the application's."""
    assert (await alice.put("/plain", json={"title": "mine"})).status_code == 200
    assert (
        await alice.put("/plain", content=_chunks(8192), headers={"Content-Type": "application/json"})
    ).status_code == 413


async def test_nobody_is_known_before_anything_is_read(nobody: httpx.AsyncClient) -> None:
    """Whoever is not signed in learns nothing about what an action takes."""
    for body in (b"", b"{", b" " * 4097):
        answer = await nobody.post("/notes/add", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 401


async def test_plain_routes_report_fields_alike(alice: httpx.AsyncClient) -> None:
    """With pointers into the body, and for parameters below the part of the request they stand in."""
    answer = await alice.put("/plain", json={"title": "x", "other": 1})
    assert (answer.status_code, answer.json()["code"]) == (422, "FH601")
    assert answer.json()["errors"] == [
        {"pointer": "/title", "message": "Use at least 2 characters."},
        {"pointer": "/other", "message": "This field is not known here."},
    ]
    answer = await alice.get("/find", params={"title": "x", "limit": "many"})
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/query/limit"]
    answer = await alice.put("/plain", content=b"{", headers={"Content-Type": "application/json"})
    assert [each["pointer"] for each in answer.json()["errors"]] == [""]


async def test_a_browser_gets_a_page_for_a_problem(db: Database, sessions: DevelopmentSessions) -> None:
    """Where the application has one; programs go on to get documents, and caches know the difference."""
    async with opened(create_app(db, sessions, pages=True)) as client:
        for path, status in (("/me", 401), ("/nowhere", 404), ("/crash", 500)):
            page = await client.get(path, headers=BROWSER)
            assert (page.status_code, page.headers["vary"]) == (status, "Accept")
            assert page.headers["content-type"].startswith("text/html")
            assert page.headers["x-request-id"]
            document = await client.get(path)
            assert (document.status_code, document.headers["vary"]) == (status, "Accept")
            assert document.headers["content-type"] == "application/problem+json"
        assert (await client.get("/me", headers=BROWSER)).text == "<h1>Sign in first</h1>"


async def test_without_a_page_a_browser_gets_the_document(nobody: httpx.AsyncClient) -> None:
    """It is better than nothing."""
    answer = await nobody.get("/me", headers=BROWSER)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (418, {"title": "I'm a Teapot"}),
        (499, {"title": "Error", "detail": "Gone home."}),
        (503, {"title": "Service Unavailable"}),
    ],
)
async def test_an_exception_of_http_is_a_problem(nobody: httpx.AsyncClient, status: int, told: dict[str, str]) -> None:
    """With its headers, and with its words where they are text and no failure of ours."""
    answer = await nobody.get(f"/status/{status}")
    assert (answer.status_code, answer.headers["x-mine"]) == (status, "1")
    request_id = answer.headers["x-request-id"]
    assert answer.json() == {"type": "about:blank", "status": status, "request_id": request_id, **told}


async def test_what_is_no_failure_has_no_problem(nobody: httpx.AsyncClient) -> None:
    """A 304 may not have a body at all."""
    answer = await nobody.get("/status/304")
    assert (answer.status_code, answer.headers["x-mine"], answer.content) == (304, "1", b"")
