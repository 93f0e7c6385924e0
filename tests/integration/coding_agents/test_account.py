"""Tokens and settings over HTTP: what their user can do, and what a token cannot."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from examples.coding_agents.models import Setting
from freehold.scope import Database


@pytest.fixture
def bearer(app: FastAPI) -> Callable[[str], AsyncClient]:
    """A program with a token."""

    def make(token: str) -> AsyncClient:
        return AsyncClient(
            transport=ASGITransport(app), base_url="http://127.0.0.1", headers={"Authorization": f"Bearer {token}"}
        )

    return make


async def test_a_token_is_shown_once_and_works(
    as_ada: AsyncClient, as_grace: AsyncClient, bearer: Callable[[str], AsyncClient]
) -> None:
    """For what it is good for; listed without itself; rotated, it ends, after the overlap if there is one; deleted, it ends."""
    made = await as_ada.post("/tokens", json={"name": "laptop", "scopes": ["tasks:read"], "days": 7})
    token = made.json()["token"]
    assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
    program = bearer(token)
    assert (await program.get("/tasks")).status_code == 200
    for answer in (await program.post("/tasks", json={"prompt": "x"}), await program.get("/settings")):
        assert (answer.status_code, answer.json()["code"]) == (403, "FH604")
    (listed,) = (await as_ada.get("/tokens")).json()["tokens"]
    assert token not in str(listed)
    assert (listed["name"], listed["scopes"], token.startswith(listed["token_prefix"])) == (
        "laptop",
        ["tasks:read"],
        True,
    )
    assert "token_hash" not in listed
    path = f"/tokens/{listed['id']}"
    assert (await as_grace.post(f"{path}/rotate", json={})).status_code == 404
    assert (await as_grace.delete(path)).status_code == 404
    assert (await as_ada.post(f"{path}/rotate", json={"overlap_hours": 169})).status_code == 422
    second = (await as_ada.post(f"{path}/rotate", json={"overlap_hours": 1})).json()
    assert (await program.get("/tasks")).status_code == 200
    fresh = (await as_ada.post(f"/tokens/{second['id']}/rotate", json={})).json()
    assert (await bearer(second["token"]).get("/tasks")).status_code == 401
    assert (await bearer(fresh["token"]).get("/tasks")).status_code == 200
    assert (await as_ada.delete(f"/tokens/{fresh['id']}")).status_code == 204
    assert (await bearer(fresh["token"]).get("/tasks")).status_code == 401


async def test_a_token_for_tokens_makes_no_better_one(
    as_ada: AsyncClient, bearer: Callable[[str], AsyncClient]
) -> None:
    """Only scopes it has itself."""
    scopes = ["tokens:write", "tasks:read"]
    program = bearer((await as_ada.post("/tokens", json={"name": "maker", "scopes": scopes})).json()["token"])
    assert (await program.post("/tokens", json={"name": "x", "scopes": ["tasks:read"]})).status_code == 201
    refused = await program.post("/tokens", json={"name": "x", "scopes": ["tasks:write"]})
    assert (refused.status_code, refused.json()["code"]) == (403, "FH701")


async def test_settings_are_set_listed_and_forgotten(as_ada: AsyncClient, as_grace: AsyncClient) -> None:
    """The same one at once from several places is one row; nobody else's."""
    answers = await asyncio.gather(
        *(as_ada.post("/settings", json={"key": "theme", "value": f"{n}"}) for n in range(8))
    )
    assert {each.status_code for each in answers} == {200}
    await as_ada.post("/settings", json={"key": "theme", "value": "dark"})
    (setting,) = (await as_ada.get("/settings")).json()["settings"]
    assert (setting["key"], setting["value"], setting["own"]) == ("theme", "dark", True)
    assert (await as_grace.get("/settings")).json() == {"settings": [], "next": None}
    assert (await as_grace.delete("/settings/theme")).status_code == 404
    assert (await as_ada.delete("/settings/theme")).status_code == 204
    assert (await as_ada.delete("/settings/theme")).status_code == 404


async def test_a_limit_is_seen_and_not_set(as_ada: AsyncClient, as_grace: AsyncClient, db: Database) -> None:
    """Over HTTP as in SQL: it is the service's."""
    await db.as_service(reason="test", owner="ada").insert(Setting(key="maxMessagesPerDay", value="3"))
    (setting,) = (await as_ada.get("/settings")).json()["settings"]
    assert (setting["value"], setting["own"]) == ("3", False)
    for client in (as_ada, as_grace):
        answer = await client.post("/settings", json={"key": "maxMessagesPerDay", "value": "1000"})
        assert answer.status_code == 403
    assert (await as_ada.delete("/settings/maxMessagesPerDay")).status_code == 404
    assert (await as_ada.get("/settings")).json()["settings"] == [setting]
