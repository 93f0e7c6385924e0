"""Behind a real PgBouncer in transaction mode, where each exchange may meet another server.

Debian's package has it; without it these tests are skipped, and say so.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import func, select, text

from freehold import Database, set_
from freehold.errors import ConnectionLostError, UniqueViolationError
from freehold.server import Endpoints
from freehold.wire import PoolSize
from tests.integration.conftest import ALICE
from tests.integration.scope.bouncer import bouncer
from tests.integration.scope.models import Note, Task

PROGRAM = shutil.which("pgbouncer", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
pytestmark = pytest.mark.skipif(
    PROGRAM is None, reason="pgbouncer is not installed (Debian: apt-get install pgbouncer)"
)


@pytest.fixture
async def db(endpoints: Endpoints) -> AsyncIterator[Database]:
    """Four connections of ours share two of the server's."""
    with bouncer(PROGRAM or "", endpoints.login, servers=2) as dsn:
        size = PoolSize(largest=6, shared=4, patience=5.0)
        async with Database(dsn, pooled=True, size=size) as database:
            yield database


async def test_every_kind_of_verb(db: Database) -> None:
    """Verbs, batches, transactions, streams, sessions and raw SQL."""
    alice = db.as_user(ALICE)
    task = await alice.insert(Task(title="t"))
    assert (await alice.get(Task, task.id)).created_at == task.created_at
    await alice.insert_all([Note(text=str(number)) for number in range(30)])
    tasks, notes = await alice.batch(select(Task), select(Note))
    assert (len(tasks), len(notes)) == (1, 30)
    async with alice.transaction() as tx:
        await tx.update(Task, Task.id == task.id, set_(Task.priority, 5))
        assert (await tx.get(Task, task.id)).priority == 5
    assert len([note async for note in alice.stream(select(Note), page=7)]) == 30
    assert await alice.raw("select count(*) from notes") == [(30,)]
    async with alice.session() as session:
        assert (await session.scalars(select(func.count()).select_from(Note))).one() == 30
        await session.commit()
        assert (await session.execute(text("select current_setting('request.jwt.claim.sub')"))).scalar_one() == ALICE
    with pytest.raises(UniqueViolationError):
        await alice.insert(Task(title="t"))
    assert (await alice.one(select(Task))).priority == 5


async def test_many_callers_on_few_servers(db: Database) -> None:
    """Statements of all of them meet servers that do not know what was prepared; each gets her own rows only."""
    users = [f"user-{number:02}" for number in range(12)]

    async def work(user: str) -> None:
        scope = db.as_user(user)
        for number in range(15):
            await scope.insert(Note(text=f"{user}/{number}"))
            rows = await scope.all(select(Note.user_id, Note.text).limit(50))
            assert {owner for owner, _ in rows} == {user}
            assert len(rows) == number + 1
            assert {words.split("/")[0] for _, words in rows} == {user}

    async with asyncio.TaskGroup() as group:
        for user in users:
            group.create_task(work(user))


async def test_without_saying_so_it_is_refused(endpoints: Endpoints) -> None:
    """Positive control: start-up options are what a pooler does not take, so ``pooled`` is needed."""
    with bouncer(PROGRAM or "", endpoints.login, servers=2) as dsn:
        db = Database(dsn, size=PoolSize(largest=2, shared=1, patience=2.0))
        with pytest.raises(ConnectionLostError):
            await db.open()
        await db.close()
