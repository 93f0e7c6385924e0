"""Transactions: the same verbs, all or none, and over when their block is."""

# ruff: noqa: PT012 - what is refused is the end of a block

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import func, literal_column, select

from freehold import Database, Limits, UserScope, set_
from freehold.errors import (
    Code,
    DatabaseError,
    FreeholdError,
    StatementError,
    StatementTimeoutError,
    UniqueViolationError,
)
from freehold.wire import PoolSize
from tests.integration.scope.models import Note, Task

COUNT = select(func.count()).select_from(Task)


class BoomError(Exception):
    """Raised by the tests."""


async def test_it_commits_at_the_end(alice: UserScope, bob: UserScope) -> None:
    """Others of the same user see nothing until then, another user never."""
    async with alice.transaction() as tx:
        await tx.insert(Task(title="t"))
        await tx.update(Task, Task.title == "t", set_(Task.priority, 5))
        assert await tx.one(COUNT) == 1
        assert await alice.one(COUNT) == 0
    assert await alice.all(select(Task.priority)) == [5]
    assert await bob.one(COUNT) == 0


async def test_insert_all_in_a_transaction_commits(alice: UserScope) -> None:
    """Several statements of one shape in one exchange, and then COMMIT."""
    async with alice.transaction() as tx:
        await tx.insert_all([Task(title=str(number)) for number in range(5)])
    assert await alice.one(COUNT) == 5


async def test_a_transaction_of_many_shapes_commits(alice: UserScope) -> None:
    """More statements than a connection keeps prepared, the last of which makes room, and then COMMIT."""
    async with alice.transaction() as tx:
        await tx.insert(Task(title="t"))
        for number in range(300):
            await tx.all(select(literal_column(str(number))))
    assert await alice.one(COUNT) == 1


async def test_an_exception_rolls_back(alice: UserScope) -> None:
    """Whatever it is; and it is passed on."""
    with pytest.raises(BoomError):
        async with alice.transaction() as tx:
            await tx.insert(Task(title="t"))
            raise BoomError
    assert await alice.one(COUNT) == 0


async def test_an_error_that_was_caught_is_not_forgotten(alice: UserScope) -> None:
    """PostgreSQL aborts the whole transaction: a block that ends as if nothing had happened must not look committed."""
    await alice.insert(Task(title="taken"))
    with pytest.raises(FreeholdError):
        async with alice.transaction() as tx:
            await tx.insert(Task(title="lost"))
            with pytest.raises(UniqueViolationError):
                await tx.insert(Task(title="taken"))


async def test_after_an_error_the_transaction_takes_no_statements(alice: UserScope) -> None:
    """PostgreSQL's own answer, 25P02."""
    with pytest.raises(DatabaseError) as aborted:
        async with alice.transaction() as tx:
            await tx.insert(Task(title="t"))
            with pytest.raises(UniqueViolationError):
                await tx.insert(Task(title="t"))
            await tx.all(select(Task))
    assert aborted.value.sqlstate == "25P02"
    assert await alice.one(COUNT) == 0


async def test_a_savepoint_undoes_its_block_only(alice: UserScope) -> None:
    """What was before it stays, what comes after goes on, the identity included."""
    async with alice.transaction() as tx:
        await tx.insert(Task(title="kept"))
        with pytest.raises(UniqueViolationError):
            async with tx.transaction() as inner:
                await inner.insert(Task(title="undone"))
                await inner.insert(Task(title="kept"))
        with pytest.raises(BoomError):
            async with tx.transaction() as inner:
                await inner.insert(Task(title="undone too"))
                async with inner.transaction() as innermost:
                    await innermost.insert(Task(title="undone as well"))
                raise BoomError
        async with tx.transaction() as inner:
            await inner.insert(Task(title="released"))
        assert await tx.raw("select current_user::text") == [("authenticated",)]
    assert sorted(await alice.all(select(Task.title))) == ["kept", "released"]


async def test_a_savepoint_may_be_the_first_thing(alice: UserScope) -> None:
    """BEGIN and the identity travel with SAVEPOINT."""
    async with alice.transaction() as tx, tx.transaction() as inner:
        await inner.insert(Task(title="t"))
    assert await alice.one(COUNT) == 1


async def test_it_is_over_when_its_block_is(alice: UserScope) -> None:
    """Statements, text and savepoints are refused afterwards (FH208)."""
    async with alice.transaction() as tx:
        await tx.all(select(Task))
    for attempt in (lambda: tx.all(select(Task)), lambda: tx.raw("select 1"), lambda: tx.insert(Task(title="t"))):
        with pytest.raises(StatementError) as refused:
            await attempt()
        assert refused.value.code is Code.SCOPE_CLOSED
    with pytest.raises(StatementError):
        async with tx.transaction():
            pass


async def test_a_savepoint_is_over_when_its_block_is(alice: UserScope) -> None:
    """Its scope is refused although the transaction around it goes on."""
    async with alice.transaction() as tx:
        async with tx.transaction() as inner:
            await inner.all(select(Task))
        with pytest.raises(StatementError):
            await inner.all(select(Task))


async def test_cancelling_rolls_back_and_frees_the_connection(endpoints, size) -> None:
    """A cancelled block leaves nothing, and the one connection there is can be used again at once."""
    only = PoolSize(largest=1, shared=0, patience=5.0)
    async with Database(endpoints.login, size=only) as db:
        alice = db.as_user("u")
        task = asyncio.create_task(_sleep_in(alice))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(2), alice.transaction() as tx:
            assert await tx.all(select(Note)) == []


async def test_cancelling_twice_frees_the_connection_too(endpoints) -> None:
    """A task may be cancelled again while it cleans up after the first time."""
    only = PoolSize(largest=1, shared=0, patience=1.0)
    async with Database(endpoints.login, size=only) as db:
        alice = db.as_user("u")
        task = asyncio.create_task(_sleep_in(alice))
        await asyncio.sleep(0.1)
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with alice.transaction() as tx:
            assert await tx.all(select(Note)) == []


async def test_limits_hold_in_a_transaction(db: Database) -> None:
    """The settings of BEGIN last until its end."""
    hasty = db.as_user("u", limits=Limits(statement=0.05))
    with pytest.raises(StatementTimeoutError):
        async with hasty.transaction() as tx:
            await tx.all(select(Task))
            await tx.raw("select pg_sleep(5)")


async def _sleep_in(scope: UserScope) -> None:
    async with scope.transaction() as tx:
        await tx.insert(Note(text="never"))
        await tx.raw("select pg_sleep(30)")
