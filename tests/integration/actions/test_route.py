"""Actions over HTTP: JSON in and out, forms and their pages, and every body that is neither."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, HTTPException

from freehold.actions import install, router, user_context
from freehold.auth import DevelopmentSessions
from freehold.scope import Database
from tests.integration.actions.conftest import opened
from tests.integration.actions.notes import SECRET, get
from tests.integration.conftest import ALICE

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}


async def _titles(client: httpx.AsyncClient, title: str) -> list[str]:
    answer = await client.get("/find", params={"title": title})
    titles: list[str] = answer.json()
    return titles


def _problem(answer: httpx.Response, status: int, code: str | None = None) -> dict[str, Any]:
    problem: dict[str, Any] = answer.json()
    assert (answer.status_code, problem["status"], problem.get("code")) == (status, status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert problem["type"] == (f"/errors/{code}" if code else "about:blank")
    assert None not in problem.values()
    return problem


async def test_json_in_and_out(alice: httpx.AsyncClient) -> None:
    """The output is what the action's type says, and is kept out of caches."""
    answer = await alice.post("/notes/add", json={"title": "mine", "stars": 3})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {"id": answer.json()["id"], "title": "mine", "stars": 3}
    assert (await alice.post("/notes/get", json={"id": answer.json()["id"]})).json() == answer.json()


async def test_an_action_runs_as_its_caller(alice: httpx.AsyncClient, bob: httpx.AsyncClient) -> None:
    """Another's note and one that does not exist are the same answer."""
    mine = (await alice.post("/notes/add", json={"title": "mine"})).json()["id"]
    anothers = _problem(await bob.post("/notes/get", json={"id": mine}), 404, "FH206")
    missing = _problem(await bob.post("/notes/get", json={"id": str(uuid4())}), 404, "FH206")
    assert {**anothers, "request_id": ""} == {**missing, "request_id": ""}
    assert (await alice.post("/notes/get", json={"id": mine})).status_code == 200
    _problem(await bob.post("/notes/comment", json={"id": mine}), 409, "FH354")
    assert (await alice.post("/notes/comment", json={"id": mine})).status_code == 204


async def test_an_action_without_input_or_output(alice: httpx.AsyncClient) -> None:
    """No body, an empty object, no content; something is too much."""
    await alice.post("/notes/add", json={"title": "mine"})
    _problem(await alice.post("/notes/clear", json={"all": True}), 422, "FH601")
    assert await _titles(alice, "mine") == ["mine"]
    answer = await alice.post("/notes/clear")
    assert (answer.status_code, answer.content) == (204, b"")
    assert await _titles(alice, "mine") == []
    assert (await alice.post("/notes/clear", json={})).status_code == 204


async def test_a_form_leads_on(alice: httpx.AsyncClient) -> None:
    """To the action's page, by GET, so that reloading it posts nothing."""
    answer = await alice.post("/notes/add", data={"title": "mine"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/notes?added")
    assert await _titles(alice, "mine") == ["mine"]


async def test_a_form_with_an_error_comes_back(alice: httpx.AsyncClient) -> None:
    """With what was typed, and the error at its field."""
    answer = await alice.post("/notes/add", data={"title": "<x"})
    assert answer.status_code == 303
    answer = await alice.post("/notes/add", data={"title": "<"})
    assert answer.status_code == 422
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.text == "[&lt;][Use at least 2 characters.][The input is not valid]<x"


async def test_an_action_may_refuse_a_field_itself(alice: httpx.AsyncClient) -> None:
    """What only it can know comes back the same way."""
    assert (await alice.post("/notes/add", data={"title": "taboo"})).text == "[taboo][Not this word.][No.]"
    problem = _problem(await alice.post("/notes/add", json={"title": "taboo"}), 422, "FH601")
    assert problem["errors"] == [{"pointer": "/title", "message": "Not this word."}]


async def test_what_exists_already_is_a_conflict(alice: httpx.AsyncClient, bob: httpx.AsyncClient) -> None:
    """For the same owner only; the form comes back with the sentence, and without a constraint's name."""
    assert (await alice.post("/notes/add", json={"title": "mine"})).status_code == 200
    problem = _problem(await alice.post("/notes/add", json={"title": "mine"}), 409, "FH353")
    assert "uq_" not in str(problem)
    answer = await alice.post("/notes/add", data={"title": "mine"})
    assert (answer.status_code, answer.text) == (409, "[mine][None][This exists already]mine")
    assert (await bob.post("/notes/add", json={"title": "mine"})).status_code == 200


async def test_what_the_database_refuses(alice: httpx.AsyncClient) -> None:
    """A CHECK, a number too large, a column that callers may not write: nobody's names are told."""
    _problem(await alice.post("/notes/add", json={"title": "mine", "stars": 6}), 422, "FH355")
    _problem(await alice.post("/notes/add", json={"title": "mine", "stars": 2**80}), 422, "FH350")
    problem = _problem(await alice.post("/notes/flag", json={"id": str(UUID(int=1))}), 403, "FH351")
    assert "notes" not in str(problem)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"title":"\xff\xff"}', b'{"title":"\\ud800x"}', b"title=mine", b"null", b"[]", b"[" * 4000],
    ids=lambda body: repr(body[:20]),
)
async def test_what_is_not_json_is_refused(alice: httpx.AsyncClient, body: bytes) -> None:
    """As JSON that does not fit, and never as a failure of the server."""
    _problem(await alice.post("/notes/add", content=body, headers=JSON), 422, "FH601")


@pytest.mark.parametrize("title", ["a\0b", "\0\0"])
async def test_a_nul_is_refused_at_its_field(alice: httpx.AsyncClient, title: str) -> None:
    """PostgreSQL's text holds none: neither in a text, nor in jsonb, nor in a key of it."""
    fault = "A NUL character cannot be stored."
    for document, pointer in (
        ({"title": title}, "/title"),
        ({"title": "mine", "details": {"k": title}}, "/details/k"),
        ({"title": "mine", "details": {title: "v"}}, f"/details/{title}".replace("\0", "\ufffd")),
    ):
        problem = _problem(await alice.post("/notes/add", json=document), 422, "FH601")
        assert problem["errors"] == [{"pointer": pointer, "message": fault}]
    answer = await alice.post("/notes/add", data={"title": title})
    assert answer.status_code == 422
    assert fault in answer.text
    assert "\0" not in answer.text


async def test_a_nul_in_a_statement_is_refused_everywhere(alice: httpx.AsyncClient) -> None:
    """Where no action reads the input, the scope finds it."""
    _problem(await alice.get("/find", params={"title": "a\0b"}), 422, "FH210")


@pytest.mark.parametrize(
    "media_type", ["", "text/plain", "multipart/form-data; boundary=x", "application/json5", "*/*"]
)
async def test_another_media_type_is_refused(alice: httpx.AsyncClient, media_type: str) -> None:
    """With those that are taken."""
    answer = await alice.post("/notes/add", content=b'{"title":"mine"}', headers={"Content-Type": media_type})
    _problem(answer, 415)
    assert answer.headers["accept-post"] == "application/json, application/x-www-form-urlencoded"
    assert await _titles(alice, "mine") == []


async def test_a_media_type_may_have_parameters(alice: httpx.AsyncClient) -> None:
    """And any case."""
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert (await alice.post("/notes/add", content=b'{"title":"mine"}', headers=headers)).status_code == 200


async def test_an_action_without_a_page_takes_no_forms(alice: httpx.AsyncClient) -> None:
    """There would be nothing to show."""
    answer = await alice.post("/notes/get", data={"id": str(uuid4())})
    _problem(answer, 415)
    assert answer.headers["accept-post"] == "application/json"


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
async def test_another_method_is_refused(alice: httpx.AsyncClient, method: str) -> None:
    """With the one that is taken."""
    answer = await alice.request(method, "/notes/add")
    _problem(answer, 405)
    assert answer.headers["allow"] == "POST"


async def test_an_output_that_is_not_what_was_declared(alice: httpx.AsyncClient) -> None:
    """Something else is a failure; more than was declared stays here."""
    _problem(await alice.post("/notes/wrong"), 500)
    answer = await alice.post("/notes/fuller")
    assert answer.json() == {"id": str(UUID(int=7)), "title": "t", "stars": 1}
    assert SECRET not in answer.text


async def _closed() -> None:
    raise HTTPException(418)


def _around_all(app: FastAPI) -> None:
    app.router.dependencies.append(Depends(_closed))
    app.include_router(router(get))


def _around_the_router(app: FastAPI) -> None:
    app.include_router(router(get), dependencies=[Depends(_closed)])


def _in_between(app: FastAPI) -> None:
    inner, outer = APIRouter(), APIRouter(dependencies=[Depends(_closed)])
    inner.include_router(router(get))
    outer.include_router(inner)
    app.include_router(outer)


def _overridden(app: FastAPI) -> None:
    app.dependency_overrides[user_context] = _closed
    app.include_router(router(get))


@pytest.mark.parametrize("arrange", [_around_all, _around_the_router, _in_between, _overridden])
async def test_what_is_around_actions_counts(
    db: Database, sessions: DevelopmentSessions, arrange: Callable[[FastAPI], None]
) -> None:
    """An application's own dependencies and overrides are not passed by."""
    app = FastAPI()
    install(app, db=db, verify=sessions.verify, cookie="c")
    arrange(app)
    async with opened(app, sessions.issue(ALICE)) as client:
        assert (await client.post("/notes/get", json={"id": str(uuid4())})).status_code == 418


async def test_nothing_is_solved_where_nothing_is_around(
    alice: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An action is called without FastAPI's dependency solving; a plain route beside it is not."""
    monkeypatch.setattr("fastapi.routing.solve_dependencies", None)
    _problem(await alice.post("/notes/get", json={"id": str(uuid4())}), 404, "FH206")
    _problem(await alice.get("/me"), 500)


async def test_openapi_says_what_is_so(alice: httpx.AsyncClient) -> None:
    """The body, the output, and problems; every reference leads somewhere. Forms are for browsers, which ask no document."""
    document = (await alice.get("/openapi.json")).json()
    operation = document["paths"]["/notes/add"]["post"]
    content = operation["requestBody"]["content"]
    assert set(content) == {"application/json"}
    name = content["application/json"]["schema"]["$ref"].rpartition("/")[2]
    assert document["components"]["schemas"][name]["additionalProperties"] is False
    assert {"AddNote", name} == {"AddNote", "AddNote_2"}  # a plain route takes the same model, and says less of it
    assert operation["operationId"] == "notes.add"
    assert operation["description"] == operation["summary"] + "."
    assert "NoteOut" in str(operation["responses"]["200"])
    assert "FH601" in str(operation["responses"]["422"]["content"]["application/problem+json"])
    assert set(document["paths"]["/notes/get"]["post"]["requestBody"]["content"]) == {"application/json"}
    assert document["paths"]["/notes/clear"]["post"]["requestBody"]["required"] is False
    assert "204" in document["paths"]["/notes/clear"]["post"]["responses"]
    assert "$defs" not in str(document)
