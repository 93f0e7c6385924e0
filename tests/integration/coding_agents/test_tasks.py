"""Tasks over HTTP: what their user can do."""

from __future__ import annotations

from typing import Any

import pytest
from httpx import AsyncClient

from freehold.wire import Connection

SEALED = {
    "status": "completed",
    "progress": 100,
    "logs": [],
    "error": "none",
    "sandbox_id": "another-users-sandbox",
    "sandbox_url": "https://evil.example",
    "pr_url": "https://evil.example",
    "pr_number": 1,
    "pr_status": "merged",
    "pr_merge_commit_sha": "0" * 40,
    "agent_session_id": "1",
    "user_id": "grace",
    "id": "chosen",
    "created_at": "2000-01-01T00:00:00Z",
}


async def create(client: AsyncClient, prompt: str = "Write it", **fields: Any) -> dict[str, Any]:
    answer = await client.post("/tasks", json={"prompt": prompt, **fields})
    assert answer.status_code == 201, answer.text
    task: dict[str, Any] = answer.json()
    return task


async def test_a_created_task_can_be_read(as_ada: AsyncClient) -> None:
    """What was asked is there, and the rest is as the platform begins it."""
    answer = await as_ada.post("/tasks", json={"prompt": "  Write it ", "selected_agent": "codex", "max_duration": 5})
    task = answer.json()
    assert (task["prompt"], task["selected_agent"], task["max_duration"]) == ("Write it", "codex", 5)
    assert (task["status"], task["progress"], task["error"], task["pr_url"]) == ("pending", 0, None, None)
    assert (await as_ada.get(answer.headers["Location"])).json() == task


@pytest.mark.parametrize("field", SEALED)
async def test_mass_assignment_is_refused(as_ada: AsyncClient, field: str) -> None:
    """Nobody creates a task with columns that are the platform's to write."""
    answer = await as_ada.post("/tasks", json={"prompt": "Write it", field: SEALED[field]})
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == [f"/{field}"]
    assert (await as_ada.get("/tasks")).json()["tasks"] == []
    assert (await as_ada.post("/tasks", json={"prompt": "Write it"})).status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"prompt": "   "},
        {"prompt": "a\x00b"},
        {"prompt": "x" * 20_001},
        {"prompt": 3},
        {"prompt": "x", "max_duration": 0},
        {"prompt": "x", "max_duration": 301},
        {"prompt": "x", "max_duration": 10**30},
        {"prompt": "x", "selected_agent": "hal"},
        {"prompt": "x", "repo_url": "javascript:alert(1)"},
        {"prompt": "x", "mcp_server_ids": ["../etc"]},
        [],
        "x",
    ],
)
async def test_what_does_not_fit_is_refused(as_ada: AsyncClient, body: object) -> None:
    """A wrong body is a problem document, and nothing is created."""
    answer = await as_ada.post("/tasks", json=body)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert (await as_ada.get("/tasks")).json()["tasks"] == []


async def test_the_list_is_paged_and_without_logs(as_ada: AsyncClient) -> None:
    """Pages are the newest first, do not overlap, and end; a row that comes meanwhile shifts nothing."""
    ids = [(await create(as_ada, f"Number {number}"))["id"] for number in range(7)]
    seen: list[str] = []
    following = None
    while True:
        query = {"limit": 3} | ({"after": following} if following else {})
        page = (await as_ada.get("/tasks", params=query)).json()
        assert all("logs" not in each for each in page["tasks"])
        seen += [each["id"] for each in page["tasks"]]
        following = page["next"]
        if following is None:
            break
        await create(as_ada, "Meanwhile")
    assert seen == ids[::-1]


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "after=x", "after=%00", "after=MjAyNQ=="])
async def test_a_wrong_page_is_refused(as_ada: AsyncClient, query: str) -> None:
    """Lists are bounded, and cursors are those that were given."""
    assert (await as_ada.get(f"/tasks?{query}")).status_code == 422


async def test_stopping_a_pending_task_ends_it(as_ada: AsyncClient) -> None:
    """Again is the same."""
    task = await create(as_ada)
    for _ in range(2):
        answer = await as_ada.post(f"/tasks/{task['id']}/stop")
        assert (answer.status_code, answer.json()["status"]) == (200, "stopped")


async def test_stopping_leaves_an_ended_task_as_it_is(as_ada: AsyncClient, admin: Connection) -> None:
    """A completed task does not become a stopped one."""
    task = await create(as_ada)
    admin.execute("update public.tasks set status = 'completed'")
    assert (await as_ada.post(f"/tasks/{task['id']}/stop")).json()["status"] == "completed"


async def test_a_deleted_task_is_gone_but_kept(as_ada: AsyncClient, admin: Connection) -> None:
    """It is out of sight everywhere, stopped, and still a row."""
    task = await create(as_ada)
    path = f"/tasks/{task['id']}"
    assert (await as_ada.delete(path)).status_code == 204
    assert (await as_ada.get("/tasks")).json()["tasks"] == []
    answers = [
        await as_ada.get(path),
        await as_ada.delete(path),
        await as_ada.post(f"{path}/stop"),
        await as_ada.get(f"{path}/messages"),
        await as_ada.post(f"{path}/continue", json={"content": "Hello"}),
        await as_ada.get(f"{path}/logs"),
        await as_ada.get(f"{path}/logs/stream"),
    ]
    assert [each.status_code for each in answers] == [404] * 7
    assert admin.execute("select status, deleted_at is not null from public.tasks").fetchall() == [("stopped", True)]


async def test_messages_are_the_users(as_ada: AsyncClient) -> None:
    """They are paged, the oldest first, and nobody signs one as the agent."""
    task = f"/tasks/{(await create(as_ada))['id']}"
    path = f"{task}/messages"
    for number in range(3):
        await as_ada.post(f"{task}/stop")
        assert (await as_ada.post(f"{task}/continue", json={"content": f"Number {number}"})).status_code == 200
    assert (await as_ada.post(f"{task}/continue", json={"content": "x", "role": "agent"})).status_code == 422
    first = (await as_ada.get(path, params={"limit": 2})).json()
    rest = (await as_ada.get(path, params={"limit": 2, "after": first["next"]})).json()
    messages = first["messages"] + rest["messages"]
    assert [(each["role"], each["content"]) for each in messages] == [("user", f"Number {n}") for n in range(3)]
    assert rest["next"] is None
