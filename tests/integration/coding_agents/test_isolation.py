"""Two users over HTTP: what is another's is not there, and nothing tells it from what does not exist."""

from __future__ import annotations

from typing import Any

import pytest
from httpx import AsyncClient, Response

from freehold.models import text_id
from freehold.wire import Connection

ON_A_TASK = [
    ("GET", "/tasks/{}", None, 200),
    ("POST", "/tasks/{}/stop", None, 200),
    ("GET", "/tasks/{}/messages", None, 200),
    ("POST", "/tasks/{}/continue", {"content": "Hello"}, 200),
    ("GET", "/tasks/{}/logs", None, 200),
    ("GET", "/tasks/{}/logs/stream", None, 200),
    ("DELETE", "/tasks/{}", None, 204),
]
ROUTES = [("GET", "/me", None), ("GET", "/tasks", None), ("POST", "/tasks", {"prompt": "x"})]


def told(answer: Response) -> tuple[Any, ...]:
    """Everything an answer says, but for the number that each has of its own."""
    headers = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
    return answer.status_code, headers, {**answer.json(), "request_id": None}


@pytest.fixture
async def task(as_grace: AsyncClient, admin: Connection) -> str:
    """A task of Grace's that has ended, with a log."""
    task: dict[str, str] = (await as_grace.post("/tasks", json={"prompt": "Find the moth"})).json()
    entry = '[{"type": "info", "message": "secret", "timestamp": "2026-01-01T00:00:00Z"}]'
    admin.execute("update public.tasks set status = 'completed', logs = %s::jsonb", (entry,))
    return task["id"]


@pytest.mark.parametrize(("method", "path", "body", "status"), ON_A_TASK)
async def test_another_users_task_is_not_there(
    as_ada: AsyncClient,
    as_grace: AsyncClient,
    admin: Connection,
    task: str,
    method: str,
    path: str,
    body: Any,
    status: int,
) -> None:
    """The answer is the one for an id that nobody has, and the row stays as it was; its owner has it."""
    before = admin.execute("select * from public.tasks").fetchall()
    theirs = await as_ada.request(method, path.format(task), json=body)
    nobodys = await as_ada.request(method, path.format(text_id()), json=body)
    assert theirs.status_code == 404
    assert told(theirs) == told(nobodys)
    assert admin.execute("select * from public.tasks").fetchall() == before
    assert admin.execute("select count(*) from public.task_messages").fetchone() == (0,)
    assert (await as_grace.request(method, path.format(task), json=body)).status_code == status


async def test_lists_have_only_ones_own(as_ada: AsyncClient, as_grace: AsyncClient, task: str) -> None:
    """Ada's list is empty while Grace's is not."""
    assert (await as_ada.get("/tasks")).json() == {"tasks": [], "next": None}
    assert [each["id"] for each in (await as_grace.get("/tasks")).json()["tasks"]] == [task]
    assert ((await as_ada.get("/me")).json()["id"], (await as_grace.get("/me")).json()["id"]) == ("ada", "grace")


@pytest.mark.parametrize(("method", "path", "body"), [*ROUTES, *(each[:3] for each in ON_A_TASK)])
async def test_nobody_is_asked_to_sign_in(as_nobody: AsyncClient, task: str, method: str, path: str, body: Any) -> None:
    """Without a session every route answers 401, whatever the id."""
    answer = await as_nobody.request(method, path.format(task), json=body)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


async def test_a_message_cannot_refer_to_anothers_task(
    as_ada: AsyncClient, as_grace: AsyncClient, admin: Connection, task: str
) -> None:
    """Not even with the same id: Ada's task may be named as Grace's, and the message goes to Ada's."""
    mine = (await as_ada.post("/tasks", json={"prompt": "x"})).json()["id"]
    admin.execute("update public.tasks set id = %s where id = %s", (task, mine))
    await as_ada.post(f"/tasks/{task}/stop")
    assert (await as_ada.post(f"/tasks/{task}/continue", json={"content": "Hello"})).status_code == 200
    assert (await as_grace.get(f"/tasks/{task}/messages")).json()["messages"] == []
    assert len((await as_ada.get(f"/tasks/{task}/messages")).json()["messages"]) == 1
