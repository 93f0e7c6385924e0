"""Signing in and out while developing, and what a browser is told to keep others out."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import httpx
import pytest

from examples.profiles.app import create_app
from freehold.auth import SESSION_COOKIE, DevelopmentSessions
from freehold.scope import Database
from tests.integration.profiles.conftest import ALICE, BOB, ORIGIN, Browse

UPDATE = "/profile/update"
NAME = {"full_name": "Mallory"}


async def test_signing_in_and_out(nobody: httpx.AsyncClient) -> None:
    """The page is one's own in between, and only then."""
    answer = await nobody.post("/sign-in", data={"user_id": ALICE.id})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "Sign out" in (await nobody.get("/")).text
    answer = await nobody.post("/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert not nobody.cookies
    page = await nobody.get("/")
    assert "Sign out" not in page.text
    assert "Alice" in page.text


@pytest.mark.parametrize("user_id", ["alice", BOB.id + "x", BOB.id.upper(), "a\0b", "' or 1=1"])
async def test_only_those_on_the_list_can_sign_in(nobody: httpx.AsyncClient, user_id: str) -> None:
    """Nobody else gets a cookie."""
    answer = await nobody.post("/sign-in", data={"user_id": user_id})
    assert answer.status_code == 401
    assert not nobody.cookies


async def test_a_sign_in_with_more_than_an_id_is_refused(nobody: httpx.AsyncClient) -> None:
    """Unknown fields, no field, and no form."""
    assert (await nobody.post("/sign-in", data={"user_id": ALICE.id, "role": "admin"})).status_code == 422
    assert (await nobody.post("/sign-in")).status_code == 422
    assert (await nobody.post("/sign-in", json={"user_id": ALICE.id})).status_code == 422
    assert not nobody.cookies


async def test_signing_in_twice_at_once_makes_one_profile(nobody: httpx.AsyncClient, db: Database) -> None:
    """Whoever comes second uses it."""
    requests = [nobody.post("/sign-in", data={"user_id": ALICE.id}) for _ in range(8)]
    assert {each.status_code for each in await asyncio.gather(*requests)} == {303}
    assert await db.as_user(ALICE.id).raw("select count(*) from public.profiles") == [(1,)]


@pytest.mark.parametrize(
    ("url", "secure"),
    [
        ("http://127.0.0.1:8000", False),
        ("http://localhost:8000", False),
        ("https://localhost", True),
        ("https://profiles.example", True),
        ("http://profiles.example", True),
    ],
)
async def test_the_cookie_is_kept_close(browse: Browse, url: str, secure: bool) -> None:
    """Out of reach of scripts and other sites, and unencrypted on this machine only."""
    client = await browse(None)
    answer = await client.post(f"{url}/sign-in", data={"user_id": ALICE.id})
    value, *attributes = answer.headers["set-cookie"].split("; ")
    assert value.startswith(f"{SESSION_COOKIE}=ey")
    assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(attributes)
    assert ("Secure" in attributes) is secure
    assert not any(each.lower().startswith("domain") for each in attributes)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "", "Origin": ORIGIN},
        {"Origin": "null"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:8001"},
        {},
    ],
    ids=str,
)
async def test_another_site_can_do_nothing(alice: httpx.AsyncClient, db: Database, headers: dict[str, str]) -> None:
    """Neither change her name, nor sign her out, nor sign her in as somebody else; her own page can."""
    for each in ("Sec-Fetch-Site", "Origin"):
        del alice.headers[each]
    before = dict(alice.cookies)
    for path, data in ((UPDATE, NAME), ("/sign-out", {}), ("/sign-in", {"user_id": BOB.id})):
        answer = await alice.post(path, data=data, headers=headers)
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers
    assert (await alice.post(UPDATE, json=NAME, headers=headers)).status_code == 403
    assert dict(alice.cookies) == before
    assert await db.as_user(ALICE.id).raw("select full_name from public.profiles") == [(None,)]

    ours = {"Sec-Fetch-Site": "same-origin"}
    assert (await alice.post(UPDATE, data={"full_name": "Alice"}, headers=ours)).status_code == 303
    assert (await alice.post("/sign-out", headers=ours)).status_code == 303


async def test_a_forged_or_expired_cookie_signs_nobody_in(
    alice: httpx.AsyncClient, nobody: httpx.AsyncClient, sessions: DevelopmentSessions
) -> None:
    """The page to sign in is shown; the control is a cookie of the same making that is good."""
    forged = DevelopmentSessions(bytes(32)).issue(ALICE.id)
    expired = sessions.issue(ALICE.id, lifetime=timedelta(minutes=-1))
    good = sessions.issue(ALICE.id)
    for token, known in ((forged, False), (expired, False), (good[:-3], False), ("", False), (good, True)):
        nobody.cookies = httpx.Cookies({SESSION_COOKIE: token})
        page = await nobody.get("/")
        assert page.status_code == 200
        assert ("Sign out" in page.text) is known
        answer = await nobody.post(UPDATE, data={"full_name": "Alice"})
        assert answer.status_code == (303 if known else 401)


@pytest.mark.parametrize("path", ["/", "/style.css", "/icon.svg", "/nowhere", "/openapi.json", UPDATE])
async def test_every_answer_has_the_headers(alice: httpx.AsyncClient, path: str) -> None:
    """Pages and problems alike: no scripts, no frames, no guessing of types, nothing told to other sites."""
    headers = (await alice.get(path)).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["form-action"] == policy["style-src"] == "'self'"
    assert "script-src" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == (
        "no-store" if path not in ("/style.css", "/icon.svg") else "public, max-age=3600"
    )


async def test_the_pages_keep_to_their_policy(alice: httpx.AsyncClient) -> None:
    """No script and no style stands in a page, and what it refers to is there."""
    page = (await alice.get("/")).text
    assert "<script" not in page
    assert "style=" not in page
    for path, media_type in (("/style.css", "text/css; charset=utf-8"), ("/icon.svg", "image/svg+xml")):
        assert path in page
        assert (await alice.get(path)).headers["content-type"] == media_type


async def test_nobody_signs_in_in_production(db: Database, sessions: DevelopmentSessions) -> None:
    """The routes are not there, and the page offers nobody."""
    app = create_app(db, sessions, environment="production")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN) as client:
        answer = await client.post("/sign-in", data={"user_id": ALICE.id}, headers={"Origin": ORIGIN})
        assert answer.status_code == 404
        page = await client.get("/")
        assert page.status_code == 200
        assert ALICE.email not in page.text


async def test_the_application_opens_and_closes_its_database(db: Database, sessions: DevelopmentSessions) -> None:
    """With the server's start and end, so that what is wrong is said at the start."""
    app = create_app(db, sessions)
    async with app.router.lifespan_context(app):
        assert await db.as_user(ALICE.id).raw("select 1") == [(1,)]
