"""Signing in for development: who may become whom, and what a browser elsewhere cannot do."""

from __future__ import annotations

import pytest
from httpx import AsyncClient

from freehold.auth import SESSION_COOKIE


async def test_a_seeded_user_signs_in(as_nobody: AsyncClient) -> None:
    """The token works as a bearer's, and the cookie for a browser."""
    answer = await as_nobody.post("/dev/sign-in", json={"user_id": "ada"})
    token = answer.json()["token"]
    cookie = answer.headers["set-cookie"]
    assert all(word in cookie for word in (SESSION_COOKIE, "HttpOnly", "SameSite=Lax"))
    as_nobody.cookies.clear()
    assert (await as_nobody.get("/me", headers={"Authorization": f"Bearer {token}"})).json()["username"] == "ada"
    as_nobody.cookies.set(SESSION_COOKIE, token)
    assert (await as_nobody.get("/me")).json()["username"] == "ada"


@pytest.mark.parametrize(
    "body", [{"user_id": "mallory"}, {"user_id": "ada", "role": "service_role"}, {"user_id": "\x00"}]
)
async def test_nobody_else_does(as_nobody: AsyncClient, body: object) -> None:
    """There is no session for who does not exist, nor with a role of one's choice."""
    answer = await as_nobody.post("/dev/sign-in", json=body)
    assert answer.status_code in {401, 422}
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}]
)
async def test_another_site_signs_nobody_in(as_nobody: AsyncClient, headers: dict[str, str]) -> None:
    """A page elsewhere cannot make a browser somebody; a page of ours can."""
    answer = await as_nobody.post("/dev/sign-in", json={"user_id": "ada"}, headers=headers)
    assert answer.status_code == 403
    ours = {"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "same-origin"}
    assert (await as_nobody.post("/dev/sign-in", json={"user_id": "ada"}, headers=ours)).status_code == 200


async def test_another_site_cannot_use_the_cookie(as_nobody: AsyncClient) -> None:
    """A request that changes something needs a page of ours, where the browser adds the session by itself."""
    await as_nobody.post("/dev/sign-in", json={"user_id": "ada"})
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    assert (await as_nobody.post("/tasks", json={"prompt": "x"}, headers=elsewhere)).status_code == 403
    ours = {"Sec-Fetch-Site": "same-origin"}
    assert (await as_nobody.post("/tasks", json={"prompt": "x"}, headers=ours)).status_code == 201


async def test_other_names_for_this_machine_are_refused(as_nobody: AsyncClient) -> None:
    """A page whose name was made to point here (DNS rebinding) is same-origin with nothing."""
    assert (await as_nobody.get("/healthz", headers={"Host": "evil.example"})).status_code == 400
    assert (await as_nobody.get("/healthz", headers={"Host": "localhost:8000"})).status_code == 200


async def test_it_lives_and_is_ready(as_nobody: AsyncClient) -> None:
    """Both without a session."""
    assert (await as_nobody.get("/healthz")).json() == (await as_nobody.get("/readyz")).json() == {"status": "ok"}
