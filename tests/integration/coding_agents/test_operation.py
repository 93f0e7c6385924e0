"""What an operator sees: a line for each request, numbers, and whether the platform can serve."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from prometheus_client.parser import text_string_to_metric_families

from examples.coding_agents.app import create_app
from examples.coding_agents.logger import set_up
from freehold.auth import DevelopmentSessions
from freehold.scope import Database
from freehold.wire import Connection
from tests.integration.coding_agents.conftest import IdleRunner


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What is logged, as the platform in production logs it; the test run's own logging is put back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    set_up(stream=stream)
    yield stream
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def _logged(lines: io.StringIO, event: str) -> list[dict[str, Any]]:
    return [each for each in map(json.loads, lines.getvalue().splitlines()) if each["event"] == event]


async def test_every_request_is_one_line(as_ada: AsyncClient, lines: io.StringIO) -> None:
    """With the id that its answer carries and the route as declared; not with what was asked for, or by whom."""
    answer = await as_ada.get("/tasks/a-secret-id", params={"token": "a-secret-value"})
    (line,) = _logged(lines, "request")
    assert line["request_id"] == answer.headers["x-request-id"]
    assert (line["method"], line["route"], line["status"], line["level"]) == ("GET", "/tasks/{task_id}", 422, "info")
    assert line["milliseconds"] > 0
    text = lines.getvalue()
    assert "a-secret" not in text
    assert as_ada.headers["authorization"].split()[1] not in text


async def test_what_fails_is_logged_under_its_request(
    app: FastAPI, as_ada: AsyncClient, lines: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The caller gets the id and nothing else; the log has the traceback under the same id."""

    @app.get("/crash")
    async def crash() -> None:
        raise RuntimeError("what nobody outside should read")

    answer = await as_ada.get("/crash")
    assert answer.status_code == 500
    assert "nobody outside" not in answer.text
    failed = [each for each in map(json.loads, lines.getvalue().splitlines()) if each["level"] == "error"]
    assert answer.headers["x-request-id"] in failed[0]["event"]
    assert "nobody outside" in failed[0]["exception"]


async def test_requests_are_counted_by_route(as_ada: AsyncClient, as_nobody: AsyncClient) -> None:
    """Ids are no labels: a thousand tasks are one number. What has no route is one, too; what is no action has one."""
    for path in ("/tasks/one", "/tasks/two", "/no/such/place", "/neither", "/mcp"):
        await as_ada.get(path)
    answer = await as_nobody.get("/metrics")
    counted = {
        (sample.labels["route"], sample.labels["status"]): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if sample.name == "http_requests_total"
    }
    assert counted == {("/tasks/{task_id}", "404"): 2, ("(no such route)", "404"): 2, ("/mcp", "405"): 1}
    assert "ada" not in answer.text


async def test_what_is_shown_and_does_not_open_is_counted(
    as_ada: AsyncClient, as_nobody: AsyncClient, admin: Connection
) -> None:
    """Credentials by what became of them, and secrets that do not open: whoever runs this sees an attack or a lost key."""
    token = (await as_ada.post("/tokens", json={"name": "one", "scopes": ["tasks:read"]})).json()["token"]
    mistyped = token[:-1] + ("a" if token[-1] != "a" else "b")
    for each in (token, token, mistyped, "nonsense"):
        await as_nobody.get("/tasks", headers={"Authorization": f"Bearer {each}"})
    await as_ada.post("/keys", json={"provider": "openai", "value": "sk-0123456789abcdef0123"})
    admin.execute("update public.keys set value = overlay(value placing 'AAAA' from 30)")
    await as_ada.get("/keys")
    lines = (await as_nobody.get("/metrics")).text.splitlines()
    for line in (
        'credentials_total{kind="token",outcome="accepted"} 2.0',
        'credentials_total{kind="token",outcome="checksum"} 1.0',
        'credentials_total{kind="unknown",outcome="malformed"} 1.0',
        'sealed_values_total{outcome="broken"} 1.0',
        'sealed_values_total{outcome="legacy_read"} 0.0',
    ):
        assert line in lines


async def test_ready_says_whether_the_database_answers(as_nobody: AsyncClient, sessions: DevelopmentSessions) -> None:
    """A process that lives and has lost its database is not ready, and says so without saying where it was."""
    assert (await as_nobody.get("/readyz")).status_code == 200
    away = create_app(Database("postgresql://nobody:secret@127.0.0.1:1/nowhere"), sessions, IdleRunner())
    async with AsyncClient(transport=ASGITransport(away), base_url="http://127.0.0.1") as client:
        assert (await client.get("/healthz")).status_code == 200
        answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert "127.0.0.1" not in answer.text
    assert "secret" not in answer.text
