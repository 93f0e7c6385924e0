"""Actions that say everything an action can: places, scopes, limits, declared errors, tags, streams and keys."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from freehold import Database, Identity, UserContext, action
from freehold.actions import install, router
from freehold.actions.announcement import Announcements, Subscription
from freehold.actions.tag import revalidate
from freehold.auth import DevelopmentSessions, Verified
from freehold.errors import Code, LimitExceededError
from freehold.server import Endpoints
from freehold.wire import Connection, PoolSize
from tests.integration.actions.board import Card, CardOut, create_app
from tests.integration.actions.conftest import opened
from tests.integration.conftest import ALICE, BOB
from tests.integration.scope.conftest import wire
from tests.integration.scope.trace import Wire

__all__ = ["wire"]

READER = "a-token-that-only-reads"


@pytest.fixture
def endpoints(board_endpoints: Endpoints) -> Endpoints:
    """The board's database, emptied."""
    return board_endpoints


@pytest.fixture
def size() -> PoolSize:
    """Fewer connections than callers, who wait as long as it takes."""
    return PoolSize(largest=8, shared=2, patience=120.0)


@pytest.fixture
def app(db: Database, sessions: DevelopmentSessions) -> FastAPI:
    """The board; it knows one token that only reads."""

    async def verify(token: str) -> Verified:
        if token == READER:
            return Verified(Identity.user(ALICE), frozenset({"cards:read"}))
        return await sessions.verify(token)

    return create_app(db, verify)


@pytest.fixture
async def reader(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A program of Alice's that may only read."""
    async with opened(app, READER) as client:
        yield client


def _problem(answer: httpx.Response, status: int, code: str | None) -> dict[str, Any]:
    problem: dict[str, Any] = answer.json()
    assert (answer.status_code, problem["status"], problem.get("code")) == (status, status, code), problem
    assert answer.headers["content-type"] == "application/problem+json"
    return problem


async def _card(client: httpx.AsyncClient, title: str = "one") -> str:
    answer = await client.post("/cards", json={"title": title})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_a_resource_has_its_own_places(alice: httpx.AsyncClient, bob: httpx.AsyncClient) -> None:
    """Method and path are the action's; the new card is where Location says, and nobody else's."""
    answer = await alice.post("/cards", json={"title": "one"})
    place = answer.headers["location"]
    assert (answer.status_code, place) == (201, f"/cards/{answer.json()['id']}")
    assert (await alice.get(place)).json() == answer.json()
    _problem(await bob.get(place), 404, "FH206")
    _problem(await bob.delete(place), 404, "FH206")
    _problem(await bob.post(f"{place}/finish"), 404, "FH206")
    assert (await alice.post(f"{place}/finish")).json()["status"] == "done"
    assert [each["id"] for each in (await alice.get("/titles")).json()] == [answer.json()["id"]]
    assert (await alice.delete(place)).status_code == 204
    _problem(await alice.get(place), 404, "FH206")


async def test_a_path_is_input_too(alice: httpx.AsyncClient) -> None:
    """What does not fit is refused at its name."""
    for path in ("/cards/zz", f"/cards/{UUID(int=1)}x", "/cards/%00"):
        assert _problem(await alice.get(path), 422, "FH601")["errors"][0]["pointer"] == "/card_id"
    _problem(await alice.get(f"/cards/{uuid4()}", headers={"If-None-Match": "*"}), 404, "FH206")


async def test_a_query_is_input_too(alice: httpx.AsyncClient) -> None:
    """Numbers, lists and defaults; unknown parameters, wrong ones and NUL are refused."""
    for title in ("a", "b", "c"):
        await _card(alice, title)
    titles = [each["title"] for each in (await alice.get("/cards", params={"words": ["a", "c"]})).json()["cards"]]
    assert titles == ["a", "c"]
    assert len((await alice.get("/cards?limit=2&status=open")).json()["cards"]) == 2
    problem = _problem(await alice.get("/cards?limit=0&order=up&status=lost"), 422, "FH601")
    assert {each["pointer"] for each in problem["errors"]} == {"/limit", "/order", "/status"}
    _problem(await alice.get("/cards?words=%00"), 422, "FH601")
    _problem(await alice.get("/cards?limit=1&limit=2"), 422, "FH601")


async def test_a_path_tells_all_of_its_methods(alice: httpx.AsyncClient) -> None:
    """Those of every action there."""
    answer = await alice.put("/cards")
    _problem(answer, 405, None)
    assert answer.headers["allow"] == "GET, POST"
    assert (await alice.post(f"/cards/{uuid4()}")).headers["allow"] == "DELETE, GET"


async def test_json_means_what_it_says(alice: httpx.AsyncClient) -> None:
    """A number is no text, whatever could be made of it."""
    _problem(await alice.post("/cards", json={"title": 3}), 422, "FH601")
    _problem(await alice.post("/cards", json={"title": None}), 422, "FH601")


async def test_a_token_is_good_for_its_scopes(reader: httpx.AsyncClient, alice: httpx.AsyncClient) -> None:
    """What needs another is refused, before the input is even read; a session may do everything."""
    assert (await reader.get("/cards")).status_code == 200
    problem = _problem(await reader.post("/cards", content=b"{"), 403, "FH604")
    assert problem["detail"] == "The token is not good for cards:write."
    await _card(alice)


async def test_a_declared_error_is_told(alice: httpx.AsyncClient) -> None:
    """With its own status, code, title, pointers and headers; and what the action did is undone."""
    card = await _card(alice)
    await alice.post(f"/cards/{card}/finish")
    answer = await alice.post(f"/cards/{card}/finish")
    problem = _problem(answer, 409, "card_done")
    assert (problem["title"], problem["type"]) == ("The card is done", "/errors/card_done")
    assert problem["errors"] == [{"pointer": "/card_id", "message": "This one."}]
    assert answer.headers["retry-after"] == "5"
    _problem(await alice.post("/cards", json={"title": "done"}), 409, "card_done")
    assert len((await alice.get("/cards")).json()["cards"]) == 1


async def test_the_limit_holds_over_http(alice: httpx.AsyncClient, bob: httpx.AsyncClient) -> None:
    """Of sixty at once twenty are made, and the others learn when to come back; an override of 0 lets nobody in."""
    answers = await asyncio.gather(*(alice.post("/cards", json={"title": f"{n}"}) for n in range(60)))
    assert sorted(each.status_code for each in answers) == [201] * 20 + [429] * 40
    refused = next(each for each in answers if each.status_code == 429)
    _problem(refused, 429, "FH605")
    assert 0 < int(refused.headers["retry-after"]) <= 86_400
    assert '"cards";r=0' in refused.headers["ratelimit"]
    made = [each.headers["ratelimit"].split(";")[1] for each in answers if each.status_code == 201]
    assert sorted(made) == sorted(f"r={n}" for n in range(20))
    assert len((await alice.get("/cards?limit=50")).json()["cards"]) == 20
    _problem(await bob.post("/cards", json={"title": "x"}), 429, "FH605")


async def test_a_failed_action_costs_nothing(alice: httpx.AsyncClient) -> None:
    """The use is given back with everything else."""
    _problem(await alice.post("/cards", json={"title": "done"}), 409, "card_done")
    answer = await alice.post("/cards", json={"title": "one"})
    assert '"cards";r=19' in answer.headers["ratelimit"]


async def test_a_repeated_key_is_answered_again(alice: httpx.AsyncClient, bob: httpx.AsyncClient) -> None:
    """With the same answer, once done and once counted; for the same user, action and request only."""
    headers = {"Idempotency-Key": '"the one"'}
    first = await alice.post("/cards", json={"title": "one"}, headers=headers)
    again = await alice.post("/cards", json={"title": "one"}, headers=headers)
    assert (again.status_code, again.content) == (first.status_code, first.content) == (201, first.content)
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert len((await alice.get("/cards")).json()["cards"]) == 1
    assert '"cards";r=18' in (await alice.post("/cards", json={"title": "two"})).headers["ratelimit"]
    _problem(await alice.post("/cards", json={"title": "other"}, headers=headers), 422, "FH607")
    _problem(await bob.post("/cards", json={"title": "one"}, headers=headers), 429, "FH605")  # bob's own, not a replay


async def test_a_key_in_use_is_a_conflict(alice: httpx.AsyncClient) -> None:
    """Of several at once one acts; the others do not wait, and do not act."""
    headers = {"Idempotency-Key": "at-once"}
    answers = await asyncio.gather(*(alice.post("/cards", json={"title": "slow"}, headers=headers) for _ in range(5)))
    assert sorted(each.status_code for each in answers) == [201, 409, 409, 409, 409]
    refused = next(each for each in answers if each.status_code == 409)
    _problem(refused, 409, "FH608")
    assert refused.headers["retry-after"] == "1"
    assert (await alice.post("/cards", json={"title": "slow"}, headers=headers)).status_code == 201
    assert len((await alice.get("/cards")).json()["cards"]) == 1


async def test_a_failed_action_keeps_no_answer(alice: httpx.AsyncClient) -> None:
    """So the request may be repeated under its key, when it can succeed."""
    headers = {"Idempotency-Key": "again"}
    _problem(await alice.post("/cards", json={"title": "done"}, headers=headers), 409, "card_done")
    assert (await alice.post("/cards", json={"title": "one"}, headers=headers)).status_code == 201


async def test_a_key_expires(alice: httpx.AsyncClient, admin: Connection) -> None:
    """After a day the request is a new one, and the old answers are gone."""
    headers = {"Idempotency-Key": "old"}
    first = await alice.post("/cards", json={"title": "one"}, headers=headers)
    admin.execute("update public.freehold_idempotency_keys set expires_at = now() - interval '1 second'")
    second = await alice.post("/cards", json={"title": "one"}, headers=headers)
    assert first.json()["id"] != second.json()["id"]
    await alice.post("/cards", json={"title": "two"}, headers={"Idempotency-Key": "another"})
    admin.execute("update public.freehold_idempotency_keys set expires_at = now() - interval '1 second'")
    await alice.post("/cards", json={"title": "three"}, headers={"Idempotency-Key": "newest"})
    assert admin.execute("select count(*) from public.freehold_idempotency_keys").fetchone() == (1,)


@pytest.mark.parametrize("key", ["", '""', "a b", "x" * 256, '"open', "ü".encode().decode("latin-1")])
async def test_a_key_that_is_none_is_refused(alice: httpx.AsyncClient, key: str) -> None:
    """Rather than taken for another."""
    headers = [(b"Idempotency-Key", key.encode("latin-1"))]
    _problem(await alice.post("/cards", json={"title": "one"}, headers=headers), 422, "FH606")


async def test_an_action_without_keys_says_so(alice: httpx.AsyncClient) -> None:
    """A client that counts on it must not be left believing."""
    card = await _card(alice)
    _problem(await alice.post(f"/cards/{card}/finish", headers={"Idempotency-Key": "k"}), 422, "FH606")


async def test_an_etag_skips_the_query(alice: httpx.AsyncClient, bob: httpx.AsyncClient, admin: Connection) -> None:
    """Until something is touched, by an action or by whoever else; another's ETag is worth nothing."""
    card = await _card(alice)
    listed, one = await alice.get("/cards"), await alice.get(f"/cards/{card}")
    assert listed.headers["cache-control"] == "private, no-cache"
    assert listed.headers["vary"] == "Authorization, Cookie"
    admin.execute("update public.cards set title = 'behind its back'")
    for path, before in (("/cards", listed), (f"/cards/{card}", one)):
        known = {"If-None-Match": f'"x", {before.headers["etag"]}'}
        unchanged = await alice.get(path, headers=known)
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        assert unchanged.headers["etag"] == before.headers["etag"]
    known = {"If-None-Match": listed.headers["etag"]}
    assert (await alice.get("/cards?limit=5", headers=known)).status_code == 200
    assert (await bob.get("/cards", headers=known)).status_code == 200
    await alice.post(f"/cards/{card}/finish")
    assert (await alice.get("/cards", headers=known)).json()["cards"][0]["status"] == "done"
    assert (await alice.get(f"/cards/{card}", headers={"If-None-Match": one.headers["etag"]})).status_code == 200


async def test_a_tagged_read_is_one_round_trip(wire: Wire, alice: httpx.AsyncClient) -> None:
    """The versions travel with the cards; a known ETag brings no card; one that is out of date costs one more.

    A bearer's lookup is the other one of a request.
    """
    await _card(alice)
    listed = await alice.get("/cards")
    known, old = {"If-None-Match": listed.headers["etag"]}, {"If-None-Match": 'W/"x"'}
    await alice.get("/cards", headers=known)
    wire.messages()
    for headers, status, cards, trips in (({}, 200, 1, 1), (known, 304, 0, 1), (old, 200, 1, 2)):
        assert (await alice.get("/cards", headers=headers)).status_code == status
        said = wire.messages()
        assert sum("\tSync" in each for each in said) == trips
        assert sum("one" in each for each in said if "\tDataRow" in each) == cards


async def test_an_answer_read_elsewhere_has_no_etag(db: Database, sessions: DevelopmentSessions) -> None:
    """It may be older than the versions of its tags are by then; the control is the same read through its scope."""

    @action.read("cards.past", path="/past", tags=("cards",))
    async def past(ctx: UserContext) -> list[CardOut]:
        return [CardOut.model_validate(each) for each in await ctx.db.as_user(ALICE).all(select(Card))]

    @action.read("cards.own", path="/own", tags=("cards",))
    async def own(ctx: UserContext) -> list[CardOut]:
        return [CardOut.model_validate(each) for each in await ctx.scope.all(select(Card))]

    app = FastAPI()
    install(app, db=db, verify=sessions.verify, cookie="c")
    app.include_router(router(past, own))
    async with opened(app, sessions.issue(ALICE)) as client:
        assert ["etag" in (await client.get(path)).headers for path in ("/past", "/own")] == [False, True]


async def test_a_change_that_is_undone_touches_nothing(alice: httpx.AsyncClient) -> None:
    """The version belongs to the transaction of the change."""
    await _card(alice)
    known = {"If-None-Match": (await alice.get("/cards")).headers["etag"]}
    _problem(await alice.post("/cards", json={"title": "done"}), 409, "card_done")
    assert (await alice.get("/cards", headers=known)).status_code == 304


async def test_background_work_may_touch(db: Database, alice: httpx.AsyncClient, bob: httpx.AsyncClient) -> None:
    """In the name of one user, and for that user only."""
    etags = {each: (await each.get("/cards")).headers["etag"] for each in (alice, bob)}
    async with db.as_service(reason="test", owner=ALICE).transaction() as tx:
        await revalidate(tx, "cards")
    assert (await alice.get("/cards", headers={"If-None-Match": etags[alice]})).status_code == 200
    assert (await bob.get("/cards", headers={"If-None-Match": etags[bob]})).status_code == 304


async def _next(subscription: Subscription) -> list[str] | None:
    while True:
        told = await subscription.next(30.0)
        if told is None or told:
            return told


async def test_what_is_touched_is_announced(db: Database, alice: httpx.AsyncClient, admin: Connection) -> None:
    """To the streams of the same user; a server that is lost for a moment is "everything", and nobody is left behind."""
    announcements = Announcements(db)
    with announcements.subscription(ALICE) as mine, announcements.subscription(BOB) as bobs:
        assert await _next(mine) is None
        assert await _next(bobs) is None
        card = await _card(alice)
        assert await _next(mine) == ["cards"]
        await alice.post(f"/cards/{card}/finish")
        assert await _next(mine) == ["cards", f"cards/{card}"]
        await db.as_user(ALICE).raw("select pg_notify('freehold_touched', 'no json')::text")
        admin.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity "
            "where query like 'LISTEN%' and datname = current_database()"
        )
        assert await _next(mine) is None
        await alice.post(f"/cards/{card}/finish")  # refused: touches nothing
        await alice.delete(f"/cards/{card}")
        assert await _next(mine) == ["cards", f"cards/{card}"]
        assert await bobs.next(0.0) is None
        assert await bobs.next(0.0) == []
    assert announcements._listening is None


async def test_streams_are_bounded(db: Database) -> None:
    """A slow reader is told "everything" instead of a growing list; nobody opens streams without end."""
    announcements = Announcements(db)
    subscription = Subscription()
    for number in range(1000):
        subscription.add([f"cards/{number}"])
    assert len(subscription._tags) <= 200
    assert await subscription.next(0.0) is None
    with announcements.subscription(BOB):
        contexts = [announcements.subscription(ALICE) for _ in range(10)]
        for each in contexts:
            each.__enter__()
        with pytest.raises(LimitExceededError) as caught, announcements.subscription(ALICE):
            pass
        assert caught.value.code is Code.STREAMS_MANY
        contexts[0].__exit__(None, None, None)
        with announcements.subscription(ALICE):
            pass
        for each in contexts[1:]:
            each.__exit__(None, None, None)


async def test_the_stream_over_http(app: FastAPI, sessions: DevelopmentSessions, alice: httpx.AsyncClient) -> None:
    """Events as browsers read them, for whoever is signed in, until the reader goes."""
    events: asyncio.Queue[str] = asyncio.Queue()
    gone = asyncio.Event()

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            headers = dict(message["headers"])
            assert (message["status"], headers[b"content-type"]) == (200, b"text/event-stream; charset=utf-8")
        for event in message.get("body", b"").decode().split("\n\n"):
            if event.startswith("event"):
                await events.put(event)

    async def receive() -> Any:
        await gone.wait()
        return {"type": "http.disconnect"}

    headers = [(b"authorization", f"Bearer {sessions.issue(ALICE)}".encode()), (b"host", b"test")]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/events",
        "raw_path": b"/events",
        "root_path": "",
        "query_string": b"",
        "headers": headers,
        "server": ("test", 80),
        "client": ("127.0.0.1", 1),
    }
    served = asyncio.create_task(app(scope, receive, send))
    async with asyncio.timeout(60):
        assert await events.get() == "event: ready\ndata: {}"
        card = await _card(alice)
        assert await events.get() == 'event: touched\ndata: {"tags": ["cards"]}'
        gone.set()
        await served
    assert UUID(card)
    async with opened(app) as nobody:
        _problem(await nobody.get("/events"), 401, "FH602")


async def test_the_document_is_exact(alice: httpx.AsyncClient) -> None:
    """Parameters, headers, every answer, how to sign in; and outputs always have their fields."""
    document = (await alice.get("/openapi.json")).json()
    create, listed = document["paths"]["/cards"]["post"], document["paths"]["/cards"]["get"]
    assert document["openapi"].startswith("3.1")
    assert document["components"]["schemas"]["CardOut"]["required"] == ["id", "title", "status"]
    assert document["components"]["schemas"]["NewCard"]["required"] == ["title"]
    assert create["security"] == [{"bearer": ["cards:write"]}, {"session": []}]
    assert set(document["components"]["securitySchemes"]) == {"bearer", "session"}
    assert {each["name"] for each in create["parameters"]} == {"Idempotency-Key"}
    assert {each["name"]: each["in"] for each in listed["parameters"]} == {
        "status": "query",
        "words": "query",
        "limit": "query",
        "If-None-Match": "header",
    }
    assert {"201", "401", "403", "409", "413", "415", "422", "429", "500", "503", "504"} <= set(create["responses"])
    assert {"200", "304", "401", "403", "404", "422"} <= set(listed["responses"])
    finish = document["paths"]["/cards/{card_id}/finish"]["post"]
    assert "card_done" in json.dumps(finish["responses"]["409"])
    assert "card_done" not in json.dumps(create["responses"]["409"])
    assert finish["parameters"][0]["schema"]["format"] == "uuid"
    assert "x-freehold" not in json.dumps(document)
