"""What a request costs: whose the credential is, and then all that the action reads; counted in protocol messages."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from tests.integration.scope.conftest import wire
from tests.integration.scope.trace import Wire

__all__ = ["wire"]


@pytest.fixture
async def program(wire: Wire, app: FastAPI, as_ada: AsyncClient) -> AsyncIterator[AsyncClient]:
    """A program with a token, and a task."""
    await as_ada.post("/tasks", json={"prompt": "it"})
    scopes = ["tasks:read", "settings:read", "tokens:read", "account:read"]
    token = (await as_ada.post("/tokens", json={"name": "program", "scopes": scopes})).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    async with AsyncClient(transport=ASGITransport(app), base_url="http://127.0.0.1", headers=headers) as client:
        yield client


@pytest.mark.parametrize(
    "path", ["/tasks", "/tasks/{}", "/tasks/{}/messages", "/tasks/{}/logs", "/me", "/settings", "/tokens", "/sessions"]
)
async def test_a_request_is_two_round_trips(program: AsyncClient, wire: Wire, path: str) -> None:
    """One Sync for the token and one for the rows, whatever else the answer says, such as its ETag."""
    task = (await program.get("/tasks")).json()["tasks"][0]["id"]
    for _ in range(4):
        first = await program.get(path.format(task))
    wire.messages()
    answer = await program.get(path.format(task))
    assert answer.status_code == 200
    assert wire.sent()["Sync"] == 2
    if "etag" in first.headers:
        known = {"If-None-Match": first.headers["etag"]}
        assert (await program.get(path.format(task), headers=known)).status_code == 304
        wire.messages()
        assert (await program.get(path.format(task), headers=known)).status_code == 304
        assert wire.sent()["Sync"] == 2


async def test_a_list_is_read_anew_when_something_changed(program: AsyncClient, as_ada: AsyncClient) -> None:
    """The version that travels with the rows is as old as they are."""
    first = await program.get("/tasks")
    known = {"If-None-Match": first.headers["etag"]}
    assert (await program.get("/tasks", headers=known)).status_code == 304
    task = first.json()["tasks"][0]["id"]
    await as_ada.post(f"/tasks/{task}/stop")
    again = await program.get("/tasks", headers=known)
    assert again.json()["tasks"][0]["status"] == "stopped"
    assert again.headers["etag"] != first.headers["etag"]
