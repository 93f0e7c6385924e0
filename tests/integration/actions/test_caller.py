"""Who calls: bearer tokens, cookies, and neither."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from fastapi import FastAPI

from freehold.actions import router
from freehold.auth import SESSION_COOKIE, DevelopmentSessions, Verified
from freehold.identity import Identity
from freehold.scope import Database
from tests.integration.actions.conftest import ORIGIN, opened
from tests.integration.actions.notes import create_app, get
from tests.integration.conftest import ALICE, BOB

NOTE = {"title": "mine"}


def _refused(answer: httpx.Response) -> None:
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["code"] == "FH602"


async def test_a_bearer_token_says_who_calls(alice: httpx.AsyncClient, bob: httpx.AsyncClient) -> None:
    """The positive control of everything below."""
    assert (await alice.get("/me")).json() == ALICE
    assert (await bob.get("/me")).json() == BOB


async def test_without_a_credential_nobody_calls(nobody: httpx.AsyncClient) -> None:
    """Neither a plain route nor an action."""
    _refused(await nobody.get("/me"))
    _refused(await nobody.post("/notes/add", json=NOTE))
    assert (await nobody.get("/whoever")).json() is None


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer x.y.z", "Bearer {token}x", "{token}"]
)
async def test_a_wrong_token_is_refused(nobody: httpx.AsyncClient, sessions: DevelopmentSessions, header: str) -> None:
    """Also by a route that anybody may visit: a program should learn that its token is wrong."""
    headers = {"Authorization": header.format(token=sessions.issue(ALICE))}
    _refused(await nobody.get("/me", headers=headers))
    _refused(await nobody.get("/whoever", headers=headers))


async def test_two_tokens_are_refused(nobody: httpx.AsyncClient, sessions: DevelopmentSessions) -> None:
    """Which one counts would depend on who reads them."""
    headers = [("Authorization", f"Bearer {sessions.issue(each)}") for each in (ALICE, BOB)]
    _refused(await nobody.get("/me", headers=headers))


async def test_a_cookie_says_who_calls(nobody: httpx.AsyncClient, sessions: DevelopmentSessions) -> None:
    """As a browser sends it."""
    nobody.cookies.set(SESSION_COOKIE, sessions.issue(ALICE))
    assert (await nobody.get("/me")).json() == ALICE
    assert (await nobody.get("/whoever")).json() == ALICE


@pytest.mark.parametrize("lifetime", [timedelta(hours=-1), timedelta(seconds=-31)])
async def test_an_expired_cookie_is_refused(
    nobody: httpx.AsyncClient, sessions: DevelopmentSessions, lifetime: timedelta
) -> None:
    """Whoever has one is a visitor again."""
    nobody.cookies.set(SESSION_COOKIE, sessions.issue(ALICE, lifetime=lifetime))
    _refused(await nobody.get("/me"))
    assert (await nobody.get("/whoever")).json() is None


async def test_a_forged_cookie_is_refused(nobody: httpx.AsyncClient) -> None:
    """Signed with another key."""
    nobody.cookies.set(SESSION_COOKIE, DevelopmentSessions(bytes(32)).issue(ALICE))
    _refused(await nobody.get("/me"))
    assert (await nobody.get("/whoever")).json() is None


async def test_a_token_wins_over_a_cookie(bob: httpx.AsyncClient, sessions: DevelopmentSessions) -> None:
    """Also where it is wrong: a program that sends one does not mean the cookie."""
    bob.cookies.set(SESSION_COOKIE, sessions.issue(ALICE))
    assert (await bob.get("/me")).json() == BOB
    _refused(await bob.get("/me", headers={"Authorization": "Bearer wrong"}))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site", "Origin": ORIGIN},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "null"},
        {"Origin": "http://evil.example"},
    ],
    ids=str,
)
@pytest.mark.parametrize("form", [False, True])
async def test_another_site_cannot_use_the_cookie(
    nobody: httpx.AsyncClient,
    alice: httpx.AsyncClient,
    sessions: DevelopmentSessions,
    headers: dict[str, str],
    form: bool,
) -> None:
    """Nothing happens; from a page of this site, and with a bearer token, the same request does its work."""
    nobody.cookies.set(SESSION_COOKIE, sessions.issue(ALICE))
    body = {"data": NOTE} if form else {"json": NOTE}
    refused = await nobody.post("/notes/add", headers=headers, **body)
    assert (refused.status_code, refused.json()["code"]) == (403, "FH603")
    assert (await alice.get("/find", params=NOTE)).json() == []

    assert (await nobody.post("/notes/add", headers={"Origin": ORIGIN}, **body)).status_code in (200, 303)
    assert (await alice.get("/find", params=NOTE)).json() == ["mine"]
    assert (await alice.post("/notes/add", headers=headers, json={"title": "more"})).status_code == 200


async def test_a_plain_route_is_guarded_alike(nobody: httpx.AsyncClient, sessions: DevelopmentSessions) -> None:
    """It is the caller that is checked, not the action."""
    nobody.cookies.set(SESSION_COOKIE, sessions.issue(ALICE))
    assert (await nobody.put("/plain", json=NOTE)).status_code == 403
    assert (await nobody.put("/plain", json=NOTE, headers={"Sec-Fetch-Site": "same-origin"})).json() == "mine"


async def test_an_id_that_is_no_uuid_names_nobody(nobody: httpx.AsyncClient, sessions: DevelopmentSessions) -> None:
    """A sound session of a user whom these tables cannot know is answered as no session."""
    headers = {"Authorization": f"Bearer {sessions.issue('alice')}"}
    assert (await nobody.get("/find", params=NOTE, headers=headers)).status_code == 401


async def test_a_verifier_may_say_that_a_token_names_nobody(db: Database) -> None:
    """As `Identity.from_claims` does; a browser with such a cookie is a visitor."""

    async def nobody(token: str, /) -> Verified:
        return Verified(Identity.from_claims({"token": token}))

    app = create_app(db, DevelopmentSessions(bytes(32)), verify=nobody)
    async with opened(app, "token") as client:
        _refused(await client.get("/me"))
        del client.headers["Authorization"]
        client.cookies.set(SESSION_COOKIE, "token")
        _refused(await client.get("/me"))
        assert (await client.get("/whoever")).json() is None


async def test_an_application_without_a_database_says_so() -> None:
    """To whoever made it, in its log; to the caller it is opaque."""
    app = FastAPI()

    app.include_router(router(get))
    async with opened(app) as client:
        assert (await client.post("/notes/get", json={})).status_code == 500
