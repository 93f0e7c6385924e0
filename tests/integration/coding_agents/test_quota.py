"""The daily limit: whose it is, what counts, and that it is exact however many come at once."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from httpx import AsyncClient

from examples.coding_agents.models import PlatformSetting, Setting
from freehold.scope import Database
from freehold.wire import Connection


async def test_sixty_at_once_at_a_limit_of_twenty(
    as_ada: AsyncClient, as_grace: AsyncClient, db: Database, admin: Connection
) -> None:
    """Exactly twenty are admitted, twenty rows are there, and another user's limit is another's."""
    await db.as_service(reason="test", owner="ada").insert(Setting(key="maxMessagesPerDay", value="20"))
    answers = await asyncio.gather(*(as_ada.post("/tasks", json={"prompt": f"{n}"}) for n in range(60)))
    assert Counter(each.status_code for each in answers) == {201: 20, 429: 40}
    assert admin.execute("select count(*) from public.tasks").fetchone() == (20,)
    refused = next(each for each in answers if each.status_code == 429)
    assert refused.json()["code"] == "FH605"
    assert int(refused.headers["retry-after"]) > 0
    assert (await as_grace.post("/tasks", json={"prompt": "x"})).status_code == 201


async def test_use_is_counted_and_not_given_back(as_ada: AsyncClient, db: Database) -> None:
    """Tasks and messages count together; a deleted task was used, a refused message was not."""
    await db.as_service(reason="test", owner="ada").insert(Setting(key="maxMessagesPerDay", value="3"))
    made = await as_ada.post("/tasks", json={"prompt": "x"})
    assert made.headers["ratelimit"].startswith('"messages";r=2')
    task = f"/tasks/{made.json()['id']}"
    assert (await as_ada.post(f"{task}/continue", json={"content": "early"})).json()["code"] == "task_running"
    await as_ada.post(f"{task}/stop")
    assert (
        (await as_ada.post(f"{task}/continue", json={"content": "more"}))
        .headers["ratelimit"]
        .startswith('"messages";r=1')
    )
    await as_ada.delete(task)
    assert (await as_ada.post("/tasks", json={"prompt": "x"})).status_code == 201
    assert (await as_ada.post("/tasks", json={"prompt": "x"})).status_code == 429


async def test_whose_limit_counts(
    as_ada: AsyncClient, db: Database, monkeypatch: pytest.MonkeyPatch, admin: Connection
) -> None:
    """The user's own; else the administrators'; else the platform's; else the environment's."""

    async def left() -> str:
        admin.execute("delete from public.freehold_daily_uses")
        answer = await as_ada.post("/tasks", json={"prompt": "x"})
        return str(answer.headers["ratelimit-policy"]).split(";")[1]

    monkeypatch.setenv("MAX_MESSAGES_PER_DAY", "11")
    assert await left() == "q=11"
    service = db.as_service(reason="test", all_users=True)
    await service.insert(PlatformSetting(key="maxMessagesPerDay", value="12"))
    assert await left() == "q=12"
    monkeypatch.setenv("MAX_MESSAGES_PER_DAY_ADMIN", "13")
    monkeypatch.setenv("ADMIN_EMAIL_DOMAINS", "other.example, Example.com")
    assert await left() == "q=13"
    admin.execute("update public.users set email = 'ada@notexample.com'")
    assert await left() == "q=12"
    await db.as_service(reason="test", owner="ada").insert(Setting(key="maxMessagesPerDay", value="14"))
    assert await left() == "q=14"


async def test_a_limit_that_is_none_admits_nobody(as_ada: AsyncClient, db: Database) -> None:
    """A mistake of whoever runs the platform is no unlimited use, and tells the caller nothing."""
    await db.as_service(reason="test", owner="ada").insert(Setting(key="maxMessagesPerDay", value="many"))
    answer = await as_ada.post("/tasks", json={"prompt": "x"})
    assert answer.status_code == 500
    assert "many" not in answer.text
