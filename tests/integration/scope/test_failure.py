"""What goes wrong between here and the server: each failure has its error, and the next call works."""

# ruff: noqa: PT012 - what is refused is the end of a block

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from psycopg.conninfo import make_conninfo
from sqlalchemy import func, select, true

from freehold import Database, Limits, UserScope, set_
from freehold.errors import (
    Code,
    ConfigurationError,
    ConnectionLostError,
    FreeholdError,
    LockTimeoutError,
    PoolTimeoutError,
    SerializationError,
    StatementError,
    StatementTimeoutError,
)
from freehold.server import Endpoints
from freehold.wire import Connection, PoolSize, Step, connect
from tests.cluster import LOGIN, Cluster
from tests.integration.conftest import ALICE, database_of
from tests.integration.scope.models import Note, Task

KILL = "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s and usename = %s"


def _kill(admin: Connection, endpoints: Endpoints) -> None:
    admin.execute(KILL, (database_of(endpoints), LOGIN))


async def test_a_shared_connection_that_dies_in_flight(
    db: Database, alice: UserScope, admin: Connection, endpoints: Endpoints
) -> None:
    """The call under way learns that its outcome is unknown; the next opens another connection."""
    call = asyncio.create_task(alice.all(select(func.pg_sleep(30))))
    await asyncio.sleep(0.1)
    _kill(admin, endpoints)
    with pytest.raises(ConnectionLostError) as lost:
        await call
    assert lost.value.code is Code.CONNECTION_LOST
    assert await alice.all(select(Task)) == []


async def test_a_read_is_repeated_where_nothing_is_dying(
    db: Database, alice: UserScope, admin: Connection, endpoints: Endpoints
) -> None:
    """All connections end at once, and the loop hears of one first: the read it was for goes to none of the others."""
    lists = [alice.all(select(Task)) for _ in range(20)]
    assert await asyncio.gather(*lists) == [[]] * 20
    links = list((await db._login.pool()).lanes.links)
    assert len(links) > 1
    for _ in range(5):
        calls = [asyncio.create_task(alice.all(select(Task))) for _ in range(20)]
        await asyncio.sleep(0)
        _kill(admin, endpoints)
        assert await asyncio.gather(*calls) == [[]] * 20
    assert not any(link.alive for link in links)


async def test_a_transaction_whose_connection_dies(alice: UserScope, admin: Connection, endpoints: Endpoints) -> None:
    """It fails, nothing of it stays, and its block ends with that error."""
    with pytest.raises(ConnectionLostError):
        async with alice.transaction() as tx:
            await tx.insert(Task(title="t"))
            _kill(admin, endpoints)
            await tx.all(select(Task))
    assert await alice.all(select(Task)) == []


async def test_a_commit_whose_connection_died_is_an_error(
    alice: UserScope, admin: Connection, endpoints: Endpoints
) -> None:
    """A block that ends without a word has committed."""
    with pytest.raises(ConnectionLostError):
        async with alice.transaction() as tx:
            await tx.insert(Task(title="t"))
            _kill(admin, endpoints)
            await asyncio.sleep(0.1)
    assert await alice.all(select(Task)) == []


async def test_an_idle_shared_connection_that_died_is_not_used(
    alice: UserScope, admin: Connection, endpoints: Endpoints
) -> None:
    """The event loop sees the end of it before the next call."""
    await alice.all(select(Task))
    _kill(admin, endpoints)
    await asyncio.sleep(0.1)
    assert await alice.all(select(Task)) == []


async def test_an_idle_connection_of_the_pool_that_died_is_not_used(
    alice: UserScope, admin: Connection, endpoints: Endpoints
) -> None:
    """Nothing was under way, so nothing was lost: a transaction begins on another connection."""
    await alice.raw("select 1")
    await asyncio.sleep(0.1)
    _kill(admin, endpoints)
    await asyncio.sleep(0.1)
    assert await alice.raw("select 1") == [(1,)]


async def test_a_changed_table_is_prepared_anew(db: Database, own_endpoints: Endpoints, cluster: Cluster) -> None:
    """'cached plan must not change result type' is not the caller's business."""
    async with Database(own_endpoints.login, size=PoolSize(2, 1, 5.0)) as own:
        alice = own.as_user(ALICE)
        await alice.insert(Note(text="n"))
        assert await alice.raw("select text from public.notes") == [("n",)]
        assert [note.text for note in await alice.all(select(Note))] == ["n"]
        with connect(cluster.admin_dsn(database_of(own_endpoints))) as owner:
            owner.execute("alter table public.notes alter column text type varchar(50)")
        assert [note.text for note in await alice.all(select(Note))] == ["n"]
        assert [note.text for note in await alice.update(Note, true(), set_(Note.text, "m"))] == ["m"]


async def test_a_deallocated_statement_is_prepared_anew(alice: UserScope, db: Database) -> None:
    """Whoever dropped the server's copies (a failover, a pooler), the next call prepares them again."""
    await alice.all(select(Task))
    link = await (await db._login.pool()).lanes.take()
    await link.exchange([Step(b"DEALLOCATE ALL")])
    assert await alice.all(select(Task)) == []


async def test_statement_timeout(db: Database, alice: UserScope) -> None:
    """It travels with every call, and ends with it."""
    hasty = db.as_user(ALICE, limits=Limits(statement=0.05))
    with pytest.raises(StatementTimeoutError) as late:
        await hasty.all(select(func.pg_sleep(5)))
    assert late.value.code is Code.STATEMENT_TIMEOUT
    await alice.all(select(func.pg_sleep(0.1)))
    with pytest.raises(StatementTimeoutError):
        await hasty.raw("select pg_sleep(5)")


async def test_lock_timeout(db: Database, alice: UserScope) -> None:
    """Waiting for another's lock has a limit too."""
    task = await alice.insert(Task(title="t"))
    hasty = db.as_user(ALICE, limits=Limits(lock=0.05))
    async with alice.transaction() as tx:
        await tx.update(Task, Task.id == task.id, set_(Task.priority, 1))
        with pytest.raises(LockTimeoutError):
            await hasty.update(Task, Task.id == task.id, set_(Task.priority, 2))


async def test_a_deadlock_is_retryable(db: Database, alice: UserScope) -> None:
    """One of the two is told to run its whole transaction again."""
    one, two = await alice.insert_all([Note(text="1"), Note(text="2")])
    barrier = asyncio.Barrier(2)

    async def both(first: Note, second: Note) -> None:
        async with alice.transaction() as tx:
            await tx.update(Note, Note.id == first.id, set_(Note.text, "x"))
            await barrier.wait()
            await tx.update(Note, Note.id == second.id, set_(Note.text, "y"))

    results = await asyncio.gather(both(one, two), both(two, one), return_exceptions=True)
    assert [type(result) for result in results if result is not None] == [SerializationError]


async def test_an_exhausted_pool(endpoints: Endpoints) -> None:
    """A clear error after the patience that was asked for; the pool works again when something is returned."""
    async with Database(endpoints.login, size=PoolSize(largest=3, shared=1, patience=0.2)) as db:
        alice = db.as_user(ALICE)
        async with alice.transaction() as tx, alice.transaction() as other:
            await tx.all(select(Task))
            await other.all(select(Task))
            with pytest.raises(PoolTimeoutError) as full:
                async with alice.transaction():
                    pass
            assert full.value.code is Code.POOL_TIMEOUT
        async with alice.transaction() as tx:
            assert await tx.all(select(Task)) == []


async def test_verbs_leave_room_for_transactions(endpoints: Endpoints) -> None:
    """However small the pool: after a burst of verbs a transaction still finds a connection."""
    async with Database(endpoints.login, size=PoolSize(largest=2, shared=4, patience=0.5)) as db:
        alice = db.as_user(ALICE)
        await asyncio.gather(*(alice.all(select(func.pg_sleep(0.02))) for _ in range(8)))
        async with alice.transaction() as tx:
            assert await tx.all(select(Task)) == []


async def test_transactions_leave_room_for_verbs(endpoints: Endpoints) -> None:
    """However many there are: what one of them waits for, such as a user's first key, still finds a connection."""
    async with Database(endpoints.login, size=PoolSize(largest=3, shared=1, patience=1.0)) as db:
        alice = db.as_user(ALICE)

        async def both() -> None:
            async with alice.transaction() as tx:
                await tx.all(select(Task))
                assert await alice.all(select(Task)) == []

        await asyncio.gather(*(both() for _ in range(6)))


async def test_no_server(endpoints: Endpoints) -> None:
    """FH307, without the password."""
    with pytest.raises(ConnectionLostError) as refused:
        await Database("postgresql://app:s3cret@127.0.0.1:1/db?connect_timeout=2").open()
    assert refused.value.code is Code.CONNECTION_REFUSED
    assert refused.value.detail == "Connection refused"
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("dsn", ["postgresql://app:s3cret", "postgresql://app@127.0.0.1/db?sslmode=s3cret"])
async def test_what_libpq_repeats_of_a_url_is_not_told(dsn: str) -> None:
    """A password in the place of the port stands in libpq's message."""
    with pytest.raises(ConnectionLostError) as refused:
        await Database(f"{dsn}{'&' if '?' in dsn else '?'}connect_timeout=2").open()
    assert "s3cret" not in str(refused.value)


async def test_a_wrong_password(endpoints: Endpoints) -> None:
    """FH307 with what the server said; neither password is told."""
    with pytest.raises(ConnectionLostError) as refused:
        await Database(_with_password(endpoints.login, "s3cret")).open()
    assert refused.value.code is Code.CONNECTION_REFUSED
    assert "password authentication failed" in (refused.value.detail or "")
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("dsn", ["s3cret", "postgresql://app:s3cret@[host/db", "host=h password='s3cret"])
async def test_a_malformed_url(dsn: str) -> None:
    """FH302, without repeating it."""
    with pytest.raises(ConfigurationError) as refused:
        await Database(dsn).open()
    assert refused.value.code is Code.SETTING_INVALID
    assert "s3cret" not in f"{refused.value} {refused.value.__cause__}"


@contextlib.asynccontextmanager
async def _gone(endpoints: Endpoints, cluster: Cluster) -> AsyncIterator[None]:
    """Nobody may connect, and whoever was connected no longer is."""
    name = database_of(endpoints)
    cluster.admin.execute(f'alter database "{name}" with allow_connections false'.encode())
    try:
        _kill(cluster.admin, endpoints)
        await asyncio.sleep(0.1)
        yield
    finally:
        cluster.admin.execute(f'alter database "{name}" with allow_connections true'.encode())


async def test_a_server_that_goes_away_and_comes_back(endpoints: Endpoints, cluster: Cluster) -> None:
    """Meanwhile calls fail after the pool's patience; afterwards everything works, on the same Database."""
    async with Database(endpoints.login, size=PoolSize(largest=2, shared=1, patience=0.3)) as db:
        alice = db.as_user(ALICE)
        await alice.all(select(Task))
        async with _gone(endpoints, cluster):
            with pytest.raises((ConnectionLostError, PoolTimeoutError)):
                await alice.all(select(Task))
        async with asyncio.timeout(10):
            while await _fails(alice):  # noqa: ASYNC110 - nobody tells when a server is back
                await asyncio.sleep(0.05)


async def test_a_server_that_went_away_is_told_as_such(endpoints: Endpoints, cluster: Cluster) -> None:
    """FH307, not a pool that is too small."""
    async with Database(endpoints.login, size=PoolSize(largest=2, shared=1, patience=0.3)) as db:
        await db.as_user(ALICE).all(select(Task))
        async with _gone(endpoints, cluster):
            with pytest.raises(ConnectionLostError):
                await db.as_user(ALICE).all(select(Task))


@pytest.mark.parametrize(
    "value",
    [
        "nul\0",
        "half a pair \ud800",
        object(),
    ],
    ids=["nul", "surrogate", "object"],
)
async def test_a_value_that_cannot_be_sent(alice: UserScope, value: object) -> None:
    """FH210 before anything is sent."""
    with pytest.raises(StatementError) as refused:
        await alice.all(select(Task).where(Task.title == value))
    assert refused.value.code is Code.VALUE_INVALID


async def test_closing_twice_and_using_it_again(endpoints: Endpoints) -> None:
    """A closed database opens again at the next use."""
    db = Database(endpoints.login)
    alice = db.as_user(ALICE)
    assert await alice.all(select(Task)) == []
    await db.close()
    await db.close()
    assert await alice.all(select(Task)) == []
    await db.close()


async def _fails(scope: UserScope) -> bool:
    try:
        return await scope.all(select(Task)) != []
    except FreeholdError:
        return True


def _with_password(dsn: str, password: str) -> str:
    return make_conninfo(dsn, password=password)
