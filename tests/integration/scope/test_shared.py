"""Shared connections under load: every row reaches the caller it was read for, whatever goes wrong meanwhile.

The checker is itself checked: with the guard removed and answers mixed up on purpose, it must find the mistake.
"""

from __future__ import annotations

import asyncio
import contextlib
import random

import pytest
from sqlalchemy import select

from freehold import Database
from freehold.errors import Code, ConnectionLostError, FreeholdError
from freehold.server import Endpoints
from freehold.wire import Connection, Link, PoolSize
from freehold.wire.exchange import Exchange
from tests.cluster import Cluster
from tests.integration.conftest import database_of
from tests.integration.scope.crowd import USERS, Crowd, WrongRowsError
from tests.integration.scope.models import Task

CALLS = 2000


@pytest.fixture(params=[2, 4])
def size(request: pytest.FixtureRequest) -> PoolSize:
    """How many connections the crowd shares."""
    return PoolSize(largest=6, shared=request.param, patience=5.0)


@pytest.fixture
async def crowd(db: Database, admin: Connection, request: pytest.FixtureRequest) -> Crowd:
    """Twenty users with five tasks and a note each."""
    names = ", ".join(f"('{user}')" for user in USERS)
    admin.execute(f"insert into public.users (id) values {names}".encode())
    crowd = Crowd(db, seed=random.randrange(2**32))
    await crowd.furnish()
    return crowd


async def test_rows_reach_their_callers(crowd: Crowd, db: Database) -> None:
    """Lists, batches, writes, errors, refusals, notices and cancellations of twenty users at once."""
    await crowd.run(CALLS)
    assert crowd.answers > CALLS / 2
    assert min(crowd.errors, crowd.cancelled) > CALLS / 20
    pool = await db._login.pool()
    assert 1 < len(pool.lanes.links) <= pool.size.shared
    assert all(link.alive for link in pool.lanes.links)


def _swap(monkeypatch: pytest.MonkeyPatch, *, guarded: bool) -> None:
    """From the second exchange of a burst on, two neighbours in the queue change places."""
    end = Link._end

    def mixed_up(self: Link, exchange: Exchange) -> None:
        end(self, exchange)
        if len(self._queue) > 2 and len(self._queue[-1].expected) == len(self._queue[-2].expected):
            self._queue[-1], self._queue[-2] = self._queue[-2], self._queue[-1]

    monkeypatch.setattr(Link, "_end", mixed_up)
    if not guarded:
        monkeypatch.setattr(Exchange, "mismatched", property(lambda self: False))


@pytest.mark.parametrize("size", [PoolSize(largest=2, shared=1, patience=5.0)], ids=["one"])
async def test_the_checker_would_find_mixed_up_answers(crowd: Crowd, monkeypatch: pytest.MonkeyPatch) -> None:
    """Positive control: without the guard, answers in the wrong order reach the wrong callers, and it is seen."""
    _swap(monkeypatch, guarded=False)
    with pytest.raises(ExceptionGroup) as found:
        await crowd.run(500, lists_only=True)
    assert found.group_contains(WrongRowsError)


@pytest.mark.parametrize("size", [PoolSize(largest=2, shared=1, patience=5.0)], ids=["one"])
async def test_the_guard_stops_mixed_up_answers(crowd: Crowd, monkeypatch: pytest.MonkeyPatch) -> None:
    """With it, nobody is given a row: the connection is closed, everybody on it is told, and it is FH209."""
    _swap(monkeypatch, guarded=True)
    with pytest.raises(ExceptionGroup) as found:
        await crowd.run(500, lists_only=True)
    assert not found.group_contains(WrongRowsError)
    mismatches, _ = found.value.split(lambda error: isinstance(error, ConnectionLostError))
    assert mismatches is not None
    assert {error.code for error in mismatches.exceptions if isinstance(error, FreeholdError)} <= {
        Code.IDENTITY_MISMATCH,
        Code.CONNECTION_LOST,
    }


@pytest.mark.parametrize("size", [PoolSize(largest=6, shared=3, patience=5.0)], ids=["three"])
async def test_connections_that_die_under_load(
    crowd: Crowd, db: Database, admin: Connection, cluster: Cluster, endpoints: Endpoints
) -> None:
    """Calls under way fail with ConnectionLostError and nothing else; those after them work; no row is misplaced."""
    killed = 0
    kill = "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = %s and usename = %s"

    async def killer() -> None:
        nonlocal killed
        for _ in range(5):
            await asyncio.sleep(0.03)
            found = await asyncio.to_thread(admin.execute, kill, (database_of(endpoints), "fhtest"))
            killed += int(str((found.fetchone() or (0,))[0]))

    async def caller(user: str) -> None:
        scope = db.as_user(user)
        for _ in range(40):
            with contextlib.suppress(ConnectionLostError):
                crowd._check(user, await scope.all(select(Task.user_id)))
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        group.create_task(killer())
        for user in USERS:
            group.create_task(caller(user))
    assert killed > 0
    for user in USERS[:3]:
        assert set(await db.as_user(user).all(select(Task.user_id))) == {user}
