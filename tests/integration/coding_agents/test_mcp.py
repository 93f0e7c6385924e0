"""The platform as tools, over the Model Context Protocol, from a client that speaks it."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from fastapi import FastAPI
from httpx import AsyncClient
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from examples.coding_agents.models import Setting
from freehold.auth import DevelopmentSessions
from freehold.scope import Database

URL = "http://127.0.0.1/mcp"


@asynccontextmanager
async def speaking(app: FastAPI, token: str) -> AsyncGenerator[ClientSession]:
    """A client that is somebody's, of the platform while it runs."""
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app), headers={"Authorization": f"Bearer {token}"}) as http,
        streamable_http_client(URL, http_client=http) as streams,
        ClientSession(streams[0], streams[1]) as session,
    ):
        await session.initialize()
        yield session


def document(result: Any) -> dict[str, Any]:
    """What a tool said."""
    parsed: dict[str, Any] = json.loads(result.content[0].text)
    return parsed


async def test_tasks_are_tools(app: FastAPI, sessions: DevelopmentSessions, as_grace: AsyncClient) -> None:
    """Created, read, listed, stopped and continued as over HTTP; what is another's is not there."""
    async with speaking(app, sessions.issue("ada")) as ada:
        tools = {each.name: each for each in (await ada.list_tools()).tools}
        assert set(tools) == {"tasks_create", "tasks_read", "tasks_list", "tasks_continue", "tasks_stop"}
        assert tools["tasks_continue"].input_schema["required"] == ["task_id", "content"]
        made = await ada.call_tool("tasks_create", {"prompt": "Write it"})
        task = made.structured_content
        assert not made.is_error
        assert task["status"] == "pending"
        place = {"task_id": task["id"]}
        assert document(await ada.call_tool("tasks_read", place))["prompt"] == "Write it"
        assert document(await ada.call_tool("tasks_list", {"limit": 1}))["tasks"][0]["id"] == task["id"]
        busy = await ada.call_tool("tasks_continue", {**place, "content": "more"})
        assert (busy.is_error, document(busy)["code"]) == (True, "task_running")
        assert document(await ada.call_tool("tasks_stop", place))["status"] == "stopped"
        assert document(await ada.call_tool("tasks_continue", {**place, "content": "more"}))["id"] == task["id"]
    assert (await as_grace.get("/tasks")).json()["tasks"] == []
    async with speaking(app, sessions.issue("grace")) as grace:
        unseen = await grace.call_tool("tasks_read", place)
        assert (unseen.is_error, document(unseen)["code"]) == (True, "FH206")


async def test_wrong_arguments_are_told(app: FastAPI, sessions: DevelopmentSessions) -> None:
    """Which one is wrong, and why; a place that is none reaches no other route."""
    async with speaking(app, sessions.issue("ada")) as ada:
        wrong = await ada.call_tool("tasks_create", {"prompt": "", "sandbox_id": "s"})
        assert {each["pointer"] for each in document(wrong)["errors"]} == {"/prompt", "/sandbox_id"}
        assert (await ada.call_tool("tasks_read", {})).is_error
        assert document(await ada.call_tool("tasks_read", {"task_id": "../settings"}))["code"] != "FH602"
        assert (await ada.call_tool("tasks_read", {"task_id": "../settings"})).is_error
        assert (await ada.call_tool("nothing", {})).is_error


async def test_scopes_and_limits_are_the_actions(
    app: FastAPI, as_ada: AsyncClient, sessions: DevelopmentSessions, db: Database
) -> None:
    """A token that reads does not write, and a limit is the same one as over HTTP."""
    await db.as_service(reason="test", owner="ada").insert(Setting(key="maxMessagesPerDay", value="1"))
    token = (await as_ada.post("/tokens", json={"name": "reads", "scopes": ["tasks:read"]})).json()["token"]
    async with speaking(app, token) as reader:
        assert not (await reader.call_tool("tasks_list", {})).is_error
        assert document(await reader.call_tool("tasks_create", {"prompt": "x"}))["code"] == "FH604"
    await as_ada.post("/tasks", json={"prompt": "x"})
    async with speaking(app, sessions.issue("ada")) as ada:
        assert document(await ada.call_tool("tasks_create", {"prompt": "x"}))["code"] == "FH605"


async def test_a_huge_call_is_refused(as_ada: AsyncClient) -> None:
    """As everywhere else: 413, told as a problem."""
    answer = await as_ada.post("/mcp", content=b" " * (512 * 1024 + 1), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")


async def test_nobody_speaks_without_a_token(app: FastAPI, as_nobody: AsyncClient) -> None:
    """Not with a cookie either, which any page could make a browser send; and nothing is pushed."""
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    assert (await as_nobody.post("/mcp", json=call)).status_code == 401
    await as_nobody.post("/dev/sign-in", json={"user_id": "ada"})
    assert (await as_nobody.post("/mcp", json=call, headers={"Sec-Fetch-Site": "same-origin"})).status_code == 401
    assert (await as_nobody.post("/mcp", json=call, headers={"Authorization": "Bearer no"})).status_code == 401
    assert (await as_nobody.get("/mcp")).status_code == 405
