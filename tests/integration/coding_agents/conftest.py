"""The platform on a database of its own, with two users, and with a runner that waits to be told what to run."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from psycopg.conninfo import conninfo_to_dict

import examples.coding_agents
from examples.coding_agents.app import create_app
from examples.coding_agents.changes import Changes
from examples.coding_agents.documents import LogEntry
from examples.coding_agents.logs import read_log
from examples.coding_agents.models import Task
from examples.coding_agents.run import Terms
from examples.coding_agents.runner import SubprocessRunner
from freehold.auth import DevelopmentSessions
from freehold.encryption import DataKey, RingKey, TextKeys
from freehold.migrations.history import load
from freehold.scope import Database, UserScope
from freehold.server import Endpoints
from freehold.wire import Connection, PoolSize, connect
from tests.cluster import Cluster

MIGRATIONS = Path(examples.coding_agents.__path__[0]) / "migrations"
ADA, GRACE = "ada", "grace"
RING = RingKey.new("test")
_PATIENCE = 15.0

Ask = Callable[..., Awaitable[Any]]


class IdleRunner:
    """A runner that runs nothing, for tests of what a task is before anybody takes it."""

    def __init__(self) -> None:
        self.changes = Changes()
        self.running = 0

    async def start(self) -> None:
        """Does nothing."""

    async def close(self) -> None:
        """Does nothing."""


@pytest.fixture(scope="session")
def template(cluster: Cluster) -> str:
    """A database that the platform's revisions made."""
    revisions = load(MIGRATIONS).revisions
    return cluster.template("coding_agents", *(each for revision in revisions for each in revision.up.statements))


@pytest.fixture(scope="session")
def _worn(cluster: Cluster, template: str) -> Iterator[Endpoints]:
    with cluster.clone(template) as endpoints:
        yield endpoints


@pytest.fixture
def admin(cluster: Cluster, _worn: Endpoints) -> Iterator[Connection]:
    """A superuser, to look and to prepare; never the subject of a test."""
    with connect(cluster.admin_dsn(str(conninfo_to_dict(_worn.login)["dbname"]))) as connection:
        yield connection


@pytest.fixture
def endpoints(_worn: Endpoints, admin: Connection) -> Endpoints:
    """The logins of a database with two users and nothing else; a worker's tests take turns with it."""
    for table in (
        "users",
        "freehold_tags",
        "freehold_daily_uses",
        "freehold_idempotency_keys",
        "platform_settings",
        "user_keys",
    ):
        admin.execute(f"delete from public.{table}".encode())
    for name in (ADA, GRACE):
        add_user(admin, name)
    return _worn


def add_user(admin: Connection, name: str) -> None:
    """Somebody who signed in with a provider once."""
    key, secret = DataKey.new("u1")
    token = key.seal(b"a-secret-token-of-the-user", "users", "access_token", name, name)
    wrapped = RING.wrap(secret, name, 1)
    admin.execute("insert into public.user_keys values (%s, 1, %s, %s)", (name, wrapped, RING.id))
    admin.execute(
        "insert into public.users (id, provider, external_id, access_token, username, email)"
        " values (%s, 'github', %s, %s, %s, %s)",
        (name, name, token, name, f"{name}@example.com"),
    )


@pytest.fixture
async def db(endpoints: Endpoints) -> AsyncIterator[Database]:
    """The database as the application sees it."""
    size = PoolSize(largest=6, shared=2, patience=5.0)
    async with Database(
        endpoints.login, service_dsn=endpoints.service, size=size, keys=TextKeys(RING.text)
    ) as database:
        yield database


@pytest.fixture
def ada(db: Database) -> UserScope:
    """A signed-in user's scope."""
    return db.as_user(ADA)


@pytest.fixture
def grace(db: Database) -> UserScope:
    """Another's."""
    return db.as_user(GRACE)


@pytest.fixture
def sessions() -> DevelopmentSessions:
    """Whoever knows the key is anybody."""
    return DevelopmentSessions(b"0" * 32)


@pytest.fixture
def runner() -> IdleRunner:
    """Runs nothing."""
    return IdleRunner()


@pytest.fixture
def app(db: Database, sessions: DevelopmentSessions, runner: IdleRunner) -> FastAPI:
    """The platform."""
    return create_app(db, sessions, runner)


@pytest.fixture
async def client_of(app: FastAPI, sessions: DevelopmentSessions) -> AsyncIterator[Callable[[str | None], AsyncClient]]:
    """Makes HTTP clients: somebody's, or for None nobody's."""
    async with AsyncExitStack() as stack:
        clients: list[AsyncClient] = []

        def make(user_id: str | None) -> AsyncClient:
            headers = {} if user_id is None else {"Authorization": f"Bearer {sessions.issue(user_id)}"}
            clients.append(AsyncClient(transport=ASGITransport(app), base_url="http://127.0.0.1", headers=headers))
            stack.push_async_callback(clients[-1].aclose)
            return clients[-1]

        yield make


@pytest.fixture
def as_ada(client_of: Callable[[str | None], AsyncClient]) -> AsyncClient:
    """HTTP as one user."""
    return client_of(ADA)


@pytest.fixture
def as_grace(client_of: Callable[[str | None], AsyncClient]) -> AsyncClient:
    """HTTP as another."""
    return client_of(GRACE)


@pytest.fixture
def as_nobody(client_of: Callable[[str | None], AsyncClient]) -> AsyncClient:
    """HTTP without a session."""
    return client_of(None)


@pytest.fixture
async def running(db: Database) -> AsyncIterator[Callable[..., Awaitable[SubprocessRunner]]]:
    """Starts runners whose command is a Python program given as text; ends them after the test."""
    async with AsyncExitStack() as stack:

        async def start(program: str, **options: Any) -> SubprocessRunner:
            terms = {"grace": 0.5, "heartbeat": 0.2, "stale": 2.0, **options.pop("terms", {})}
            command = (sys.executable, "-I", "-u", "-c", program)
            runner = SubprocessRunner(db, Terms(command, **terms), **{"poll": 0.05, **options})
            stack.push_async_callback(runner.close)
            await runner.start()
            return runner

        yield start


async def log_of(scope: UserScope, task: Task) -> list[LogEntry]:
    """The whole log of a task."""
    return (await read_log(scope, task.id, after=0, limit=100_000)).entries


async def messages_of(scope: UserScope, task: Task) -> list[str]:
    """The whole log of a task, without types and times."""
    return [each.message for each in await log_of(scope, task)]


async def until(reached: Callable[[], Awaitable[Any]]) -> Any:
    """Waits until ``reached`` gives something true, and returns it."""
    async with asyncio.timeout(_PATIENCE):
        while not (found := await reached()):  # noqa: ASYNC110 - what changes is in the database
            await asyncio.sleep(0.02)
    return found
