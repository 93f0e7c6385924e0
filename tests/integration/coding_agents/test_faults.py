"""The faults of the program this one takes over from, one by one: each test fails where the fault is back."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from sqlalchemy import select

from examples.coding_agents import tasks
from examples.coding_agents.models import Account, Session, Setting, Task, User
from examples.coding_agents.runner import SubprocessRunner
from examples.coding_agents.sign_in import directory
from freehold.auth import Directory, ExternalAccount, Sessions
from freehold.errors import AccountTakenError, UniqueViolationError
from freehold.models import text_id
from freehold.scope import Database, UserScope
from freehold.wire import Connection
from tests.integration.coding_agents.conftest import until
from tests.integration.coding_agents.test_github import app as with_github
from tests.integration.coding_agents.test_github import browser, provider, through

__all__ = ["browser", "provider", "with_github"]

ECHO = """
import json, sys
task = json.load(sys.stdin)
print("said", [each["content"] for each in task["messages"]])
"""


async def _created(client: AsyncClient, **fields: Any) -> str:
    answer = await client.post("/tasks", json={"prompt": "it", **fields})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _github(number: str) -> ExternalAccount:
    return ExternalAccount("github", number, "someone", "someone@example.com", access_token="t" * 20)


async def test_a_cookie_links_nobodys_account(
    with_github: FastAPI, browser: Callable[[], httpx.AsyncClient], provider: Any
) -> None:
    """Account takeover through an unsigned "connect" cookie: who gets the account is the session, looked up again."""
    attacker, victim = (
        httpx.AsyncClient(transport=ASGITransport(with_github), base_url="http://127.0.0.1") for _ in "ab"
    )
    async with attacker, victim:
        for client, number in ((attacker, 1), (victim, 2)):
            provider.user["id"] = number
            await through(client, provider)
        left = await attacker.get("/auth/github", params={"link": "1"})
        victim.cookies.set("freehold_sign_in", left.cookies["freehold_sign_in"])
        victim.cookies.set("connect", "somebody-else")
        provider.user["id"] = 3
        async with httpx.AsyncClient(transport=ASGITransport(provider.app)) as at_github:
            agreed = await at_github.get(left.headers["location"])
        assert (await victim.get(agreed.headers["location"])).json()["code"] == "FH706"
        for client in (attacker, victim):
            assert (await client.get("/accounts")).json() == {"accounts": []}
        victim.cookies.delete("freehold_sign_in")
        assert (await through(victim, provider, link="1")).status_code == 303
        assert len((await victim.get("/accounts")).json()["accounts"]) == 1


@pytest.mark.parametrize(
    "field", ["sandbox_id", "sandbox_url", "pr_url", "pr_number", "pr_status", "status", "user_id"]
)
async def test_a_task_is_created_with_nothing_of_the_platforms(as_ada: AsyncClient, field: str) -> None:
    """Mass assignment of sandbox_id and pr_* on create."""
    answer = await as_ada.post("/tasks", json={"prompt": "it", field: "chosen"})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"/{field}")
    await _created(as_ada)


async def test_nobody_elses_sandbox_is_touched(as_ada: AsyncClient, as_grace: AsyncClient, admin: Connection) -> None:
    """Another tenant's sandbox dropped by a fallback: whatever Ada stops or deletes, Grace's runs on."""
    theirs, mine = await _created(as_grace), await _created(as_ada)
    admin.execute("update public.tasks set sandbox_id = 'shared-name', status = 'processing'")
    await as_ada.post(f"/tasks/{theirs}/stop")
    await as_ada.delete(f"/tasks/{theirs}")
    await as_ada.delete(f"/tasks/{mine}")
    await as_ada.post("/tasks/delete", json={"status": "processing"})
    rows = admin.execute(
        "select user_id, status, sandbox_id, deleted_at is null from public.tasks order by 1"
    ).fetchall()
    assert rows == [("ada", "stopped", "shared-name", False), ("grace", "processing", "shared-name", True)]


async def test_two_users_become_one_or_stay_two(db: Database, ada: UserScope, grace: UserScope) -> None:
    """An account merge in seven statements without a transaction: what fails half-way has not happened.

    The platform merges nobody by itself: an account that is another's stays another's.
    """
    people = directory(db)
    for scope in (ada, grace):
        await scope.insert(Task(prompt="it", branch_name="same"))
    await people.link(_github("77"), "grace")
    with pytest.raises(AccountTakenError):
        await people.link(_github("77"), "ada")
    merging = Directory(
        db=db, user=User, account=Account, of_user=people.of_user, of_account=people.of_account, moves=(Task,)
    )
    with pytest.raises(UniqueViolationError):
        await merging.link(_github("77"), "ada", merge=True)
    assert await grace.all(select(Account.external_user_id)) == ["77"]
    assert [len(await scope.all(select(Task.id))) for scope in (ada, grace)] == [1, 1]


async def test_a_corrupt_key_is_said_to_be_one(as_ada: AsyncClient, as_grace: AsyncClient, admin: Connection) -> None:
    """A corrupt key silently replaced by the platform's key, because decrypting gave null."""
    for client in (as_ada, as_grace):
        await client.post("/keys", json={"provider": "openai", "value": "sk-0123456789abcdef0123"})
    admin.execute("update public.keys set value = overlay(value placing 'AAAA' from 30) where user_id = 'ada'")
    opens = [(await client.post("/keys/openai/check")).json()["opens"] for client in (as_ada, as_grace)]
    assert opens == [False, True]


async def test_a_browser_sees_no_connectors_secret(as_ada: AsyncClient) -> None:
    """Decrypted connector secrets sent to the browser."""
    given = {"name": "one", "env": {"TOKEN": "hush-hush"}, "oauth_client_secret": "hush-hush"}
    made = await as_ada.post("/connectors", json=given)
    answers = [made, await as_ada.get("/connectors"), await as_ada.post(f"/connectors/{made.json()['id']}/toggle")]
    assert all(each.is_success and "hush" not in each.text for each in answers)


@pytest.mark.parametrize(
    "place", ["//evil.example", "/\\evil.example", "https://evil.example", "/%0d%0aLocation: x\r\n"]
)
async def test_nobody_is_sent_to_another_site(
    browser: Callable[[], httpx.AsyncClient], with_github: FastAPI, place: str
) -> None:
    """Open redirect for //evil.example; a path of this site is fine."""
    async with httpx.AsyncClient(transport=ASGITransport(with_github), base_url="http://127.0.0.1") as client:
        assert (await client.get("/auth/github", params={"return_to": place})).status_code == 400
        assert (await client.get("/auth/github", params={"return_to": "/app"})).status_code == 303


async def test_a_session_ends_and_can_be_ended(
    as_nobody: AsyncClient, as_ada: AsyncClient, db: Database, ada: UserScope
) -> None:
    """Year-long sessions without revocation."""
    made = await Sessions(db, Session, environment="development").begin("ada")
    row = await ada.get(Session, made.id)
    assert row.ends_at - row.created_at <= timedelta(days=31)
    assert row.expires_at - row.created_at <= timedelta(days=8)
    bearer = {"Authorization": f"Bearer {made.secret}"}
    assert (await as_nobody.get("/me", headers=bearer)).status_code == 200
    assert (await as_ada.delete(f"/sessions/{made.id}")).status_code == 204
    assert (await as_nobody.get("/me", headers=bearer)).status_code == 401


async def test_tokens_are_bounded_however_they_are_made(as_ada: AsyncClient, as_nobody: AsyncClient) -> None:
    """Tokens that mint tokens; a racy cap of 20 tokens; tokens in URLs."""
    answers = await asyncio.gather(
        *(as_ada.post("/tokens", json={"name": f"{n}", "scopes": ["tasks:read"]}) for n in range(30))
    )
    assert Counter(each.status_code for each in answers) == {201: 20, 409: 10}
    token = next(each.json()["token"] for each in answers if each.status_code == 201)
    bearer = {"Authorization": f"Bearer {token}"}
    assert (await as_nobody.get("/tasks", headers=bearer)).status_code == 200
    minted = await as_nobody.post("/tokens", json={"name": "more"}, headers=bearer)
    assert (minted.status_code, minted.json()["code"]) == (403, "FH604")
    for name in ("token", "access_token", "api_key"):
        assert (await as_nobody.get("/tasks", params={name: token})).status_code == 401


async def test_a_task_that_is_continued_runs_again(
    as_ada: AsyncClient, ada: UserScope, running: Callable[..., Awaitable[SubprocessRunner]]
) -> None:
    """A continue that never executes: the agent gets the message, and the task ends a second time."""
    id_ = await _created(as_ada)
    await running(ECHO)

    async def ended() -> bool:
        return (await as_ada.get(f"/tasks/{id_}")).json()["status"] == "completed"

    async def log() -> list[str]:
        return [each["message"] for each in (await as_ada.get(f"/tasks/{id_}/logs")).json()["entries"]]

    await until(ended)
    before = (await ada.get(Task, id_)).completed_at
    answer = await as_ada.post(f"/tasks/{id_}/continue", json={"content": "and more"})
    assert answer.status_code == 200

    async def ended_again() -> bool:
        task = await ada.get(Task, id_)
        return task.status == "completed" and task.completed_at != before

    await until(ended_again)
    assert await log() == ["said []", "said ['and more']"]


async def test_whose_it_is_and_the_write_are_one_statement(
    as_ada: AsyncClient, as_grace: AsyncClient, admin: Connection
) -> None:
    """Updates that check ownership in one statement and write by id in another: an id that two have is two rows."""
    for client in (as_ada, as_grace):
        await _created(client)
    admin.execute("update public.tasks set id = 'the-same'")
    assert (await as_ada.post("/tasks/the-same/stop")).json()["status"] == "stopped"
    assert (await as_grace.get("/tasks/the-same")).json()["status"] == "pending"
    assert (await as_ada.delete("/tasks/the-same")).status_code == 204
    assert (await as_grace.get("/tasks/the-same")).status_code == 200


async def test_what_is_anothers_does_not_exist(as_ada: AsyncClient, as_grace: AsyncClient) -> None:
    """403 versus 404 telling that a row exists: the answer is the one for an id that nobody has."""
    task = await _created(as_grace)
    connector = (await as_grace.post("/connectors", json={"name": "one"})).json()["id"]
    token = (await as_grace.post("/tokens", json={"name": "one"})).json()["id"]
    await as_grace.post("/settings", json={"key": "theme", "value": "dark"})
    places: list[tuple[str, str, str, Any]] = [
        ("GET", "/tasks/{}", task, None),
        ("POST", "/tasks/{}/stop", task, {}),
        ("POST", "/tasks/{}/continue", task, {"content": "x"}),
        ("DELETE", "/tasks/{}", task, None),
        ("GET", "/tasks/{}/logs", task, None),
        ("GET", "/tasks/{}/logs/stream", task, None),
        ("GET", "/tasks/{}/messages", task, None),
        ("PATCH", "/connectors/{}", connector, {"name": "x"}),
        ("POST", "/connectors/{}/toggle", connector, {}),
        ("DELETE", "/connectors/{}", connector, None),
        ("POST", "/tokens/{}/rotate", token, {}),
        ("DELETE", "/tokens/{}", token, None),
        ("DELETE", "/settings/{}", "theme", None),
    ]
    for method, path, theirs, body in places:
        answers = [
            await as_ada.request(method, path.format(each), json=body)
            for each in (theirs, "nobodys" if theirs == "theme" else text_id())
        ]
        told = [(each.status_code, {**each.json(), "request_id": None}) for each in answers]
        assert told[0] == told[1], path
        assert told[0][0] == 404
    assert (await as_grace.get(f"/tasks/{task}")).status_code == 200


async def test_lists_have_an_end_and_no_logs(as_ada: AsyncClient, ada: UserScope) -> None:
    """Unbounded lists with logs in them."""
    await ada.insert_all([Task(prompt=f"{n}") for n in range(150)])
    page = (await as_ada.get("/tasks", params={"limit": 100})).json()
    assert (len(page["tasks"]), page["next"] is None) == (100, False)
    assert not any({"logs", "log"} & each.keys() for each in page["tasks"])
    for path in ("/tasks", "/keys", "/connectors", "/tokens", "/settings"):
        assert (await as_ada.get(path, params={"limit": 101})).status_code == 422


async def test_first_sign_ins_at_once_are_one_user(db: Database, as_ada: AsyncClient, admin: Connection) -> None:
    """Check-then-insert races on keys and users."""
    ids = await asyncio.gather(*(directory(db).signed_in(_github("4711")) for _ in range(3)))
    assert len(set(ids)) == 1
    assert admin.execute("select count(*) from public.users").fetchone() == (3,)
    keys = [as_ada.post("/keys", json={"provider": "openai", "value": f"sk-0123456789abcdef-{n}"}) for n in range(6)]
    assert {each.status_code for each in await asyncio.gather(*keys)} == {200}
    assert admin.execute("select count(*) from public.keys").fetchone() == (1,)


async def test_an_error_keeps_its_text(app: FastAPI, as_ada: AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exception text returned to the caller."""

    def broken(*_: object) -> Any:
        raise RuntimeError("postgresql://user:hunter2@db/secret")

    assert (await as_ada.get("/tasks")).status_code == 200
    monkeypatch.setattr(tasks, "page", broken)
    answer = await as_ada.get("/tasks", params={"limit": 3})
    assert answer.status_code == 500
    assert "hunter2" not in answer.text
    assert "RuntimeError" not in answer.text
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


async def test_the_limit_has_no_race(as_ada: AsyncClient, db: Database) -> None:
    """The rate-limit race, which admitted 58-60 of 60 at a limit of 20 (see also test_quota)."""
    await db.as_service(reason="test", owner="ada").insert(Setting(key="maxMessagesPerDay", value="4"))
    answers = await asyncio.gather(*(as_ada.post("/tasks", json={"prompt": f"{n}"}) for n in range(12)))
    assert Counter(each.status_code for each in answers) == {201: 4, 429: 8}


async def test_moments_have_a_zone(as_ada: AsyncClient, admin: Connection) -> None:
    """Naive timestamps, in the answers and in the tables."""
    await _created(as_ada)
    (task,) = (await as_ada.get("/tasks")).json()["tasks"]
    assert datetime.fromisoformat(task["created_at"]).tzinfo is not None
    query = "select count(*) from information_schema.columns where table_schema = 'public' and data_type = %s"
    assert admin.execute(query, ("timestamp without time zone",)).fetchone() == (0,)


def test_every_owner_is_indexed(admin: Connection) -> None:
    """connectors.user_id without an index: every table with an owner has one that begins with it."""
    query = """
        select c.relname, exists (select from pg_index i where i.indrelid = c.oid and i.indkey[0] = a.attnum)
        from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'user_id'
        where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
    """
    found = dict(admin.execute(query).fetchall())
    assert found["connectors"]
    assert [name for name, indexed in found.items() if not indexed] == []


async def test_row_security_is_there_and_not_bypassed(db: Database, ada: UserScope, admin: Connection) -> None:
    """No row security at all, and a database login that would bypass it."""
    query = "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' and not {}"
    for column in ("relrowsecurity", "relforcerowsecurity"):
        assert admin.execute(query.format(column).encode()).fetchall() == []
    (standing,) = await ada.raw("select rolsuper or rolbypassrls from pg_roles where rolname = session_user")
    assert standing == (False,)
    assert await ada.raw("select id from public.users") == [("ada",)]
