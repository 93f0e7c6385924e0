"""Signing in with GitHub, as a browser does it, at a stand-in that answers as GitHub does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from examples.coding_agents.app import create_app
from examples.coding_agents.models import User
from examples.coding_agents.sign_in import github
from freehold.auth import Client, SignIn
from freehold.scope import Database
from freehold.wire import Connection
from tests.integration.auth.github import HOST, PROVIDER, GitHub, email
from tests.integration.coding_agents.conftest import IdleRunner

ORIGIN = "http://127.0.0.1"
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def provider() -> GitHub:
    """One account is signed in there."""
    return GitHub("client", "secret", f"{ORIGIN}/auth/github/callback")


@pytest.fixture
def app(db: Database, runner: IdleRunner, provider: GitHub) -> FastAPI:
    """The platform in production: nobody is anybody without a provider."""
    client = Client("client", "secret", f"{ORIGIN}/auth/github/callback", PROVIDER, httpx.ASGITransport(provider.app))
    return create_app(db, None, runner, sign_in=SignIn(client, key=bytes(32), environment="development"))


@pytest.fixture
async def browser(app: FastAPI) -> AsyncIterator[Callable[[], httpx.AsyncClient]]:
    """Browsers that keep cookies, and follow nothing by themselves."""
    async with AsyncExitStack() as stack:

        def make() -> httpx.AsyncClient:
            client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN)
            stack.push_async_callback(client.aclose)
            return client

        yield make


async def through(browser: httpx.AsyncClient, provider: GitHub, **query: str) -> httpx.Response:
    """Leaves for GitHub, agrees there, and comes back."""
    left = await browser.get("/auth/github", params=query)
    assert left.status_code == 303, left.text
    async with httpx.AsyncClient(transport=httpx.ASGITransport(provider.app)) as at_github:
        agreed = await at_github.get(left.headers["location"])
    assert left.headers["location"].startswith(HOST)
    return await browser.get(agreed.headers["location"])


async def test_somebody_new_becomes_a_user(
    browser: Callable[[], httpx.AsyncClient], provider: GitHub, db: Database, admin: Connection
) -> None:
    """Signed in, with what GitHub vouches for; again is the same user; signed out, the session is over."""
    provider.user["id"], provider.emails = 99, [email("new@example.com")]
    one = browser()
    back = await through(one, provider, return_to="/app/keys")
    assert (back.status_code, back.headers["location"]) == (303, "/app/keys")
    me = (await one.get("/me")).json()
    assert (me["username"], me["email"]) == ("ada", "new@example.com")
    another = browser()
    await through(another, provider)
    assert (await another.get("/me")).json()["id"] == me["id"]
    seen = (await one.get("/sessions")).json()["sessions"]
    assert [each["current"] for each in seen].count(True) == 1
    assert len(seen) == 2
    ended = await one.post("/sessions/end-others", json={}, headers={"Sec-Fetch-Site": "same-origin"})
    assert ended.json() == {"deleted": 1}
    assert (await another.get("/me")).status_code == 401
    kept = dict(one.cookies)
    assert (await one.post("/sign-out", headers=FORM)).headers["location"] == "/app"
    one.cookies.update(kept)
    assert (await one.get("/me")).status_code == 401
    assert admin.execute("select count(*) from public.users").fetchone() == (3,)
    assert await db.as_user(me["id"]).all(select(User.id)) == [me["id"]]


@pytest.mark.parametrize("place", ["//evil.example", "https://evil.example", "/\\evil.example", "evil"])
async def test_nobody_is_sent_elsewhere(browser: Callable[[], httpx.AsyncClient], place: str) -> None:
    """A place to return to is a path of this site, before anybody leaves."""
    answer = await browser().get("/auth/github", params={"return_to": place})
    assert (answer.status_code, answer.json()["code"]) == (400, "FH710")


async def test_a_link_is_the_sessions(browser: Callable[[], httpx.AsyncClient], provider: GitHub) -> None:
    """Who left without being signed in links nothing; who did gets the account, and can unlink it."""
    assert (await browser().get("/auth/github", params={"link": "1"})).status_code == 401
    one, other = browser(), browser()
    provider.user["id"] = 7
    await through(one, provider)
    provider.user["id"] = 8
    assert (await through(one, provider, link="1")).status_code == 303
    mine = (await one.get("/me")).json()["id"]
    assert [each["provider"] for each in (await one.get("/accounts")).json()["accounts"]] == ["github"]
    await through(other, provider)
    assert (await other.get("/me")).json()["id"] == mine
    gone = await one.request("DELETE", "/accounts/github", json={}, headers={"Sec-Fetch-Site": "same-origin"})
    assert gone.status_code == 204
    assert (await one.get("/accounts")).json() == {"accounts": []}


async def test_a_callback_that_nobody_left_for(browser: Callable[[], httpx.AsyncClient], provider: GitHub) -> None:
    """A way back belongs to the browser that left: another's code and state sign nobody in."""
    left = await browser().get("/auth/github")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(provider.app)) as at_github:
        agreed = await at_github.get(left.headers["location"])
    victim = browser()
    answer = await victim.get(agreed.headers["location"])
    assert (answer.status_code, answer.json()["code"]) == (400, "FH706")
    assert (await victim.get("/me")).status_code == 401


async def test_nobody_signs_in_as_they_like_in_production(browser: Callable[[], httpx.AsyncClient]) -> None:
    """The development route is not there."""
    assert (await browser().post("/dev/sign-in", json={"user_id": "ada"})).status_code == 404


def test_the_environment_names_the_provider() -> None:
    """Without a client there is no sign-in; GitHub is the default, and another place can be named."""
    assert github("production", bytes(32), {}) is None
    named = {"GITHUB_CLIENT_ID": "c", "GITHUB_URL": "https://github.test", "PUBLIC_URL": "https://agents.example/"}
    made = github("production", bytes(32), named)
    assert made is not None
    url = made.leave().url
    assert url.startswith("https://github.test/login/oauth/authorize")
    assert "redirect_uri=https%3A%2F%2Fagents.example%2Fauth%2Fgithub%2Fcallback" in url
