"""Shared connections under load: every row reaches the caller it was read for, whatever goes wrong meanwhile.

The checker is itself checked: with the guard removed and answers mixed up on purpose, it must find the mistake.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import deque

import pytest
from sqlalchemy import func, insert, literal, select

from freehold import Database, UserScope, set_
from freehold.errors import Code, ConnectionLostError, DatabaseError, FreeholdError
from freehold.server import Endpoints
from freehold.wire import Connection, Link, PoolSize
from freehold.wire.exchange import Exchange
from tests.cluster import Cluster
from tests.integration.conftest import database_of
from tests.integration.scope.models import Note, Task

USERS = [f"user-{number:02}" for number in range(20)]
CALLS = 2000


class WrongRowsError(AssertionError):
    """A caller was given what is not hers."""


class Crowd:
    """Callers who do everything at once on a few connections, and look at every answer."""

    def __init__(self, db: Database, seed: int) -> None:
        self._random = random.Random(seed)
        self._scopes = {user: db.as_user(user) for user in USERS}
        self.answers = self.errors = self.cancelled = 0

    async def run(self, calls: int, *, lists_only: bool = False) -> None:
        """Runs ``calls`` verbs, shared out among the users; raises `WrongRowsError` at the first wrong row."""
        verbs = [self._list]
        if not lists_only:
            verbs += [self._count, self._tuples, self._batch, self._empty, self._write]
            verbs += [self._broken, self._denied, self._cancelled, self._notice]
        plan = [(self._random.choice(USERS), self._random.choice(verbs)) for _ in range(calls)]
        turns = deque(plan)

        async def work() -> None:
            while turns:
                user, verb = turns.popleft()
                await verb(user, self._scopes[user])

        async with asyncio.TaskGroup() as group:
            for _ in range(len(USERS)):
                group.create_task(work())

    def _check(self, user: str, owners: list[str]) -> None:
        self.answers += 1
        if any(owner != user for owner in owners):
            raise WrongRowsError(f"{user} was given rows of {set(owners)}")

    async def _list(self, user: str, scope: UserScope) -> None:
        rows = await scope.all(select(Task).limit(20))
        self._check(user, [row.user_id for row in rows] + [row.title.split("/")[0] for row in rows] or ["nobody"])

    async def _tuples(self, user: str, scope: UserScope) -> None:
        rows = await scope.all(select(Task.user_id, Task.title).order_by(Task.title))
        self._check(user, [owner for owner, _ in rows] or ["nobody"])

    async def _count(self, user: str, scope: UserScope) -> None:
        named = await scope.one(select(literal(user), func.current_setting("request.jwt.claim.sub")))
        self._check(user, list(named))

    async def _batch(self, user: str, scope: UserScope) -> None:
        tasks, owners, notes = await scope.batch(select(Task).limit(3), select(Task.user_id), select(Note.user_id))
        self._check(user, [*(task.user_id for task in tasks), *owners, *notes])

    async def _empty(self, user: str, scope: UserScope) -> None:
        self._check(user, [row.user_id for row in await scope.all(select(Task).where(Task.title == "none"))])

    async def _write(self, user: str, scope: UserScope) -> None:
        changed = await scope.update(Task, Task.title == f"{user}/1", set_(Task.priority, self._random.randrange(9)))
        self._check(user, [row.user_id for row in changed])

    async def _broken(self, user: str, scope: UserScope) -> None:
        self.errors += 1
        with pytest.raises(DatabaseError):
            await scope.all(select(Task.priority / (Task.priority - Task.priority)))

    async def _denied(self, user: str, scope: UserScope) -> None:
        self.errors += 1
        other = self._random.choice([each for each in USERS if each != user])
        with pytest.raises(DatabaseError):
            await scope.all(insert(Note).values(user_id=other, text="stolen").returning(Note.id))

    async def _cancelled(self, user: str, scope: UserScope) -> None:
        self.cancelled += 1
        call = asyncio.create_task(scope.all(select(Task)))
        await asyncio.sleep(self._random.choice([0, 0, 0.001]))
        call.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            self._check(user, [row.user_id for row in await call])

    async def _notice(self, user: str, scope: UserScope) -> None:
        await scope.all(select(func.set_config("freehold.test", user, True)))
        rows = await scope.all(select(Task.user_id, func.pg_notify("gossip", user)))
        self._check(user, [owner for owner, _ in rows])


@pytest.fixture(params=[2, 4])
def size(request: pytest.FixtureRequest) -> PoolSize:
    """How many connections the crowd shares."""
    return PoolSize(largest=6, shared=request.param, patience=5.0)


@pytest.fixture
async def crowd(db: Database, admin: Connection, request: pytest.FixtureRequest) -> Crowd:
    """Twenty users with five tasks and a note each."""
    names = ", ".join(f"('{user}')" for user in USERS)
    admin.execute(f"insert into public.users (id) values {names}".encode())
    for user in USERS:
        scope = db.as_user(user)
        await scope.insert_all([Task(title=f"{user}/{number}") for number in range(5)])
        await scope.insert(Note(text=user))
    return Crowd(db, seed=random.randrange(2**32))


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
