"""Everything at once for long: fifty users, four shared connections, errors, cancellations, notices, and a restart.

``make stress`` runs the full size; the suite a smaller one.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from freehold import Database
from freehold.errors import DatabaseError
from freehold.models import schema_statements
from freehold.server import EmbeddedServer, bootstrap, create_database
from freehold.wire import Connection, PoolSize, connect
from tests.integration.scope.crowd import Crowd
from tests.integration.scope.models import Base, Task

APP, LOGINS = "fhx", ("fhx", "fhx_service", "fhx_owner")
USERS = [f"user-{number:02}" for number in range(50)]
CALLS = int(os.environ.get("FREEHOLD_STRESS", "3000"))
pytestmark = pytest.mark.slow


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedServer]:
    """A server of the test's own, which it may restart."""
    with EmbeddedServer.start(tmp_path / "own", durable=False) as server:
        with connect(server.admin_dsn()) as admin:
            create_database(admin, APP)
        with connect(server.admin_dsn(APP)) as admin:
            bootstrap(admin, APP, {role: server.password(role) for role in LOGINS})
        with connect(server.dsn("fhx_owner", APP)) as owner:
            for statement in schema_statements(Base.metadata):
                owner.execute(statement.encode())
        with connect(server.admin_dsn(APP)) as admin:
            admin.execute(f"insert into public.users (id) values {', '.join(f'({u!r})' for u in USERS)}".encode())
        yield server


@pytest.fixture
async def db(server: EmbeddedServer) -> AsyncIterator[Database]:
    """Four shared connections of eight."""
    size = PoolSize(largest=8, shared=4, patience=20.0)
    async with Database(server.dsn("fhx", APP), size=size) as database:
        yield database


async def test_everything_at_once(db: Database, server: EmbeddedServer) -> None:
    """Every row is looked at; the server restarts in the middle; what was lost is said to be lost; nothing is misplaced."""
    crowd = Crowd(db, random.randrange(2**32), USERS)
    await crowd.furnish()

    async def restart() -> None:
        while crowd.left == 0 or crowd.left > CALLS / 2:  # noqa: ASYNC110 - the crowd counts, it does not tell
            await asyncio.sleep(0.005)
        await asyncio.to_thread(_restart, server)

    async with asyncio.TaskGroup() as group:
        group.create_task(restart())
        group.create_task(crowd.run(CALLS, losses=True))
    assert crowd.answers > CALLS / 2
    assert min(crowd.errors, crowd.cancelled) > CALLS / 20
    for user in USERS[:5]:
        assert {task.user_id for task in await db.as_user(user).all(select(Task))} == {user}
    metrics = db.metrics()
    assert metrics.login is not None
    assert metrics.login.mismatches == 0


def _restart(server: EmbeddedServer) -> None:
    """Kills every backend, as a crash does: the postmaster then restarts all of them."""
    with connect(server.admin_dsn()) as admin:
        row = admin.execute("select pid from pg_stat_activity where usename = 'fhx' limit 1").fetchone()
    if row is not None:
        os.kill(int(str(row[0])), 9)


def _terminate(server: EmbeddedServer) -> None:
    """Ends every connection of the application, whatever is under way on it."""
    with connect(server.admin_dsn()) as admin:
        admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'fhx'")


async def test_cancelled_at_every_await(db: Database, server: EmbeddedServer) -> None:
    """A hundred callers stop at random points; no connection stays in the middle of something, no row goes astray."""
    crowd = Crowd(db, 1, USERS[:10])
    await crowd.furnish()
    chance = random.Random(7)

    async def transact(user: str) -> None:
        async with db.as_user(user).transaction() as tx:
            await tx.all(select(Task))
            await tx.insert_all([Task(title=f"{user}/extra/{n}/{chance.random()}") for n in range(3)])

    async def stop(user: str) -> None:
        call = asyncio.create_task(
            transact(user) if chance.random() < 0.5 else db.as_user(user).stream(select(Task)).__anext__()
        )
        for _ in range(chance.randrange(25)):
            await asyncio.sleep(0)
        await asyncio.sleep(chance.choice([0, 0.0005, 0.002]))
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)

    async with asyncio.TaskGroup() as group:
        for number in range(100):
            group.create_task(stop(USERS[number % 10]))
        group.create_task(crowd.run(300))
    for user in USERS[:10]:
        rows = await db.as_user(user).all(select(Task))
        assert {row.user_id for row in rows} == {user}
        assert (len(rows) - 5) % 3 == 0, "a transaction left a part of itself"
    with connect(server.admin_dsn(APP)) as admin:
        assert await _settled(admin) == 0


async def _settled(admin: Connection) -> int:
    """How many connections are still in the middle of something after a while."""
    busy = "select count(*) from pg_stat_activity where usename = 'fhx' and state not in ('idle', 'disabled')"
    for _ in range(200):
        row = admin.execute(busy).fetchone()
        if row == (0,):
            return 0
        await asyncio.sleep(0.05)
    return int(str((admin.execute(busy).fetchone() or (0,))[0]))


async def test_a_connection_ended_mid_pipeline(db: Database, server: EmbeddedServer) -> None:
    """Ended with forty callers on it: a write says that its outcome is unknown, and none that was confirmed is missing."""
    crowd = Crowd(db, 3, USERS[:5])
    await crowd.furnish()
    alice = db.as_user(USERS[0])
    writes = [asyncio.create_task(alice.insert(Task(title=f"w{number}"))) for number in range(40)]
    await asyncio.sleep(0)
    await asyncio.to_thread(_terminate, server)
    outcomes = await asyncio.gather(*writes, return_exceptions=True)
    assert all(isinstance(each, (Task, DatabaseError)) for each in outcomes)
    titles = set(await alice.all(select(Task.title)))
    assert {each.title for each in outcomes if isinstance(each, Task)} <= titles
