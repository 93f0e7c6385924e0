"""Logs in pages, and live by server-sent events from a real server, which is what streams are about."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from httpx import AsyncClient

from examples.coding_agents import live
from examples.coding_agents.changes import TaskKey
from examples.coding_agents.claim import Claim, Journal, claim_next, entry
from examples.coding_agents.models import Session, Task
from freehold.auth import DevelopmentSessions, Sessions
from freehold.scope import Database, UserScope
from freehold.wire import Connection
from tests.integration.coding_agents.conftest import IdleRunner, until

Listen = Callable[..., AsyncIterator["Event"]]


@dataclass
class Event:
    """A server-sent event."""

    id: str
    name: str
    data: dict[str, Any]


@pytest.fixture
async def base_url(app: FastAPI) -> AsyncIterator[str]:
    """The platform behind uvicorn, on a port of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        server.capture_signals = nullcontext  # type: ignore[method-assign, assignment]
        serving = asyncio.create_task(server.serve(sockets=[listener]))

        async def started() -> bool:
            return server.started

        await until(started)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        await serving


@pytest.fixture
async def claim(ada: UserScope, db: Database) -> Claim:
    """A task of Ada's that this test is the runner of."""
    await ada.insert(Task(prompt="it"))
    claim = await claim_next(db)
    assert claim is not None
    return claim


async def test_a_log_is_paged(as_ada: AsyncClient, db: Database, claim: Claim) -> None:
    """Entries are numbered from 1; pages go on after a number, and end."""
    await Journal(db, claim).report([entry("info", f"{n}") for n in range(1, 8)], 0)
    path = f"/tasks/{claim.key.id}/logs"
    seen: list[str] = []
    after: int | None = 0
    while after is not None:
        page = (await as_ada.get(path, params={"after": after, "limit": 3})).json()
        assert (page["first"], page["total"]) == (after + 1, 7)
        seen += [each["message"] for each in page["entries"]]
        after = page["next"]
    assert seen == [f"{n}" for n in range(1, 8)]
    assert (await as_ada.get(path, params={"after": 100})).json()["entries"] == []
    assert (await as_ada.get(path, params={"limit": 101})).status_code == 422


async def test_lines_arrive_while_the_task_runs(
    base_url: str, sessions: DevelopmentSessions, db: Database, runner: IdleRunner, claim: Claim
) -> None:
    """Each line as it is written, well before the next look at the database; the stream ends with the task."""
    journal = Journal(db, claim)
    await journal.report([entry("info", "before")], 0)
    async with listening(base_url, sessions.issue("ada"), claim.key.id) as events:
        assert (await anext(events)).data["message"] == "before"
        for number in range(3):
            await asyncio.sleep(0.05)
            await journal.report([entry("command", f"{number}")], 0)
            runner.changes.announce(claim.key)
            async with asyncio.timeout(0.5):
                event = await anext(events)
            assert (event.id, event.name, event.data["message"]) == (f"{number + 2}", "log", f"{number}")
        await journal.end("completed", [entry("success", "Done.")], 100, None)
        runner.changes.announce(claim.key)
        assert [(each.name, each.data.get("message"), each.data.get("status")) async for each in events] == [
            ("log", "Done.", None),
            ("end", None, "completed"),
        ]


async def test_a_listener_finds_lines_that_nobody_announced(
    base_url: str, sessions: DevelopmentSessions, db: Database, claim: Claim
) -> None:
    """The runner may be another process: what it wrote arrives, a little later."""
    async with listening(base_url, sessions.issue("ada"), claim.key.id) as events:
        await asyncio.sleep(0.1)
        await Journal(db, claim).report([entry("info", "from elsewhere")], 0)
        async with asyncio.timeout(3):
            assert (await anext(events)).data["message"] == "from elsewhere"


async def test_a_listener_goes_on_where_it_was(
    base_url: str, sessions: DevelopmentSessions, db: Database, claim: Claim
) -> None:
    """Last-Event-ID skips what was seen; after the end it is told to stop coming."""
    token = sessions.issue("ada")
    await Journal(db, claim).end("completed", [entry("info", f"{n}") for n in range(1, 6)], 100, None)
    async with listening(base_url, token, claim.key.id, "3") as events:
        assert [(each.id, each.name) async for each in events] == [("4", "log"), ("5", "log"), ("", "end")]
    headers = {"Authorization": f"Bearer {token}", "Last-Event-ID": "5"}
    async with AsyncClient(base_url=base_url, headers=headers) as client:
        assert (await client.get(f"/tasks/{claim.key.id}/logs/stream")).status_code == 204
        client.headers["Last-Event-ID"] = "-1"
        assert (await client.get(f"/tasks/{claim.key.id}/logs/stream")).status_code == 422


async def test_a_listener_sees_how_the_task_goes(
    base_url: str, sessions: DevelopmentSessions, db: Database, runner: IdleRunner, claim: Claim
) -> None:
    """Status and progress come when they change, and once at the start; ``after`` skips lines as Last-Event-ID does."""
    journal, token = Journal(db, claim), sessions.issue("ada")
    await journal.report([entry("info", f"{n}") for n in range(3)], 10)
    async with listening(base_url, token, claim.key.id, query="?after=2", progress=True) as events:
        assert (await anext(events)).id == "3"
        assert (await anext(events)).data == {"status": "processing", "progress": 10}
        await journal.report([entry("info", "same")], 10)
        await journal.report([], 60)
        runner.changes.announce(claim.key)
        assert (await anext(events)).data["message"] == "same"
        assert (await anext(events)).data == {"status": "processing", "progress": 60}
        await journal.end("completed", [], 100, None)
        runner.changes.announce(claim.key)
        assert [(each.name, each.data) async for each in events] == [
            ("task", {"status": "completed", "progress": 100}),
            ("end", {"status": "completed"}),
        ]


async def test_listeners_hold_no_connection(
    base_url: str,
    sessions: DevelopmentSessions,
    admin: Connection,
    db: Database,
    runner: IdleRunner,
    claim: Claim,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Fifty of them wait on a database that gives the application six connections, and all get the line."""
    monkeypatch.setattr(live, "_POLL_SECONDS", 60.0)  # they wait, however slow the machine looks
    token = sessions.issue("ada")

    async def listen() -> str:
        async with listening(base_url, token, claim.key.id) as events:
            return (await anext(events)).data["message"]

    listeners = [asyncio.create_task(listen()) for _ in range(50)]

    async def all_wait() -> bool:
        return runner.changes.listeners == 50

    await until(all_wait)
    async with AsyncClient() as client:
        assert "log_listeners 50.0" in (await client.get(f"{base_url}/metrics")).text.splitlines()

    async def none_is_busy() -> bool:
        found = admin.execute(
            "select state from pg_stat_activity where usename = 'fhtest' and datname = current_database()"
        ).fetchall()
        return len(found) <= 6 and {state for (state,) in found} == {"idle"}

    await until(none_is_busy)
    await Journal(db, claim).report([entry("info", "to all")], 0)
    runner.changes.announce(claim.key)
    assert await asyncio.gather(*listeners) == ["to all"] * 50


async def test_a_stream_ends_when_the_task_is_deleted(
    base_url: str, sessions: DevelopmentSessions, as_ada: AsyncClient, claim: Claim
) -> None:
    """What its user deleted is not streamed on."""
    async with listening(base_url, sessions.issue("ada"), claim.key.id) as events:
        await asyncio.sleep(0.1)
        assert (await as_ada.delete(f"/tasks/{claim.key.id}")).status_code == 204
        assert [each.data async for each in events] == [{"status": "deleted"}]


async def test_a_session_that_was_ended_listens_for_minutes_at_most(
    base_url: str, as_ada: AsyncClient, db: Database, claim: Claim, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stream ends by itself, without an ``end``, and whoever comes back shows the session again, which is over."""
    assert live._LONGEST_SECONDS <= 300
    monkeypatch.setattr(live, "_LONGEST_SECONDS", 0.3)
    monkeypatch.setattr(live, "_POLL_SECONDS", 0.1)
    made = await Sessions(db, Session, environment="development").begin("ada")
    async with listening(base_url, made.secret, claim.key.id) as events:
        assert (await as_ada.delete(f"/sessions/{made.id}")).status_code == 204
        async with asyncio.timeout(5):
            assert [each async for each in events] == []
    async with AsyncClient(base_url=base_url, headers={"Authorization": f"Bearer {made.secret}"}) as client:
        assert (await client.get(f"/tasks/{claim.key.id}/logs/stream")).status_code == 401


async def test_streams_end_with_the_server(
    base_url: str, sessions: DevelopmentSessions, runner: IdleRunner, claim: Claim
) -> None:
    """Shutting down does not wait for tasks to end."""
    async with listening(base_url, sessions.issue("ada"), claim.key.id) as events:
        await asyncio.sleep(0.1)
        runner.changes.close()
        async with asyncio.timeout(1):
            assert [each async for each in events] == []
    assert TaskKey("ada", claim.key.id) not in runner.changes._waiting


@asynccontextmanager
async def listening(
    base_url: str, token: str, task_id: str, last: str | None = None, *, query: str = "", progress: bool = False
) -> AsyncGenerator[AsyncIterator[Event]]:
    """The events of a task's stream; those named ``task`` only with ``progress``."""
    headers = {"Authorization": f"Bearer {token}"} | ({"Last-Event-ID": last} if last else {})
    async with (
        AsyncClient(base_url=base_url, headers=headers, timeout=10) as client,
        client.stream("GET", f"/tasks/{task_id}/logs/stream{query}") as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = _events(answer.aiter_lines())
        yield (each async for each in events if progress or each.name != "task")


async def _events(lines: AsyncIterator[str]) -> AsyncGenerator[Event]:
    fields: dict[str, str] = {}
    async for line in lines:
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "data" in fields:
            yield Event(fields.get("id", ""), fields["event"], json.loads(fields["data"]))
            fields = {}
        else:
            fields = {}
