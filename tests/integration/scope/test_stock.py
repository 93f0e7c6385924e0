"""Connections that nobody uses: how they are kept, given up, and had again after a restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from freehold import Database, UserScope
from freehold.errors import Code, ConnectionLostError, PoolTimeoutError
from freehold.server import Endpoints
from freehold.wire import AsyncConnection
from freehold.wire import stock as module
from freehold.wire.stock import Stock


async def _look(connection: AsyncConnection) -> None:
    await connection.execute("select 1")


@pytest.fixture
async def stock(endpoints: Endpoints) -> AsyncIterator[Stock]:
    """Two connections at most."""
    made = Stock(endpoints.login, _look, 2, 0.3)
    yield made
    made.close()


async def _pid(stock: Stock) -> int:
    connection = await stock.take()
    pid = connection.info.backend_pid
    await stock.give(connection)
    return pid


async def test_the_last_to_come_back_is_the_first_to_be_taken(stock: Stock) -> None:
    """So that what is not needed grows old and is given up."""
    one, two = await stock.take(), await stock.take()
    await stock.give(one)
    await stock.give(two)
    assert (stock.size, stock.available) == (2, 2)
    assert await stock.take() is two
    assert await stock.take() is one
    await stock.give(one)
    await stock.give(two)


async def test_there_are_never_more_than_the_largest(stock: Stock) -> None:
    """Who comes when all are in use waits, in order, and learns in time that it was in vain."""
    one, two = await stock.take(), await stock.take()
    waiting = asyncio.create_task(stock.take())
    await asyncio.sleep(0.01)
    assert (stock.size, stock.places.waiting, stock.places.waits) == (2, 1, 1)
    await stock.give(one)
    assert await waiting is one
    with pytest.raises(PoolTimeoutError) as late:
        await stock.take()
    assert (late.value.code, stock.places.timeouts) == (Code.POOL_TIMEOUT, 1)
    await stock.give(one)
    await stock.give(two)
    assert (stock.size, stock.available, stock.places.waiting) == (2, 2, 0)


async def test_who_stops_waiting_leaves_the_place_to_others(stock: Stock) -> None:
    """A cancelled caller neither takes a connection nor keeps one from the next."""
    one, two = await stock.take(), await stock.take()
    waiting = [asyncio.create_task(stock.take()) for _ in range(3)]
    await asyncio.sleep(0.01)
    waiting[0].cancel()
    await stock.give(one)
    await stock.give(two)
    assert {await waiting[1], await waiting[2]} == {one, two}
    await stock.give(one)
    await stock.give(two)


@pytest.mark.parametrize(("constant", "kept"), [("_IDLE_SECONDS", False), ("_LIFE_SECONDS", False), (None, True)])
async def test_what_is_old_is_ended(
    stock: Stock, monkeypatch: pytest.MonkeyPatch, constant: str | None, *, kept: bool
) -> None:
    """After ten minutes without use, or an hour: the server's memory for it and its caches go with it."""
    if constant is not None:
        monkeypatch.setattr(module, constant, 0.0)
    before = await _pid(stock)
    await asyncio.sleep(0.05)
    assert (await _pid(stock) == before) is kept


async def test_what_comes_back_after_the_end_is_ended(stock: Stock) -> None:
    """A transaction that outlives its database does not leave a connection open."""
    connection = await stock.take()
    stock.close()
    await stock.give(connection)
    assert connection.closed
    assert stock.size == 0


async def test_a_connection_that_cannot_be_cleaned_is_ended(stock: Stock) -> None:
    """One that is in the middle of a transaction is not for the next caller."""
    connection = await stock.take()
    await connection.execute("begin")
    await stock.give(connection)
    assert connection.closed
    assert stock.size == 0
    assert await _pid(stock)


async def test_a_server_that_is_away_for_a_moment_is_waited_for(stock: Stock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A restart is shorter than the callers' patience; a server that stays away is an error of its own."""
    reach, attempts = module.connect_async, 0

    async def away(dsn: str, *, pooled: bool) -> AsyncConnection:
        nonlocal attempts
        attempts += 1
        there = attempts > 2
        return await reach(dsn if there else "host=/nowhere", pooled=pooled)

    monkeypatch.setattr(module, "connect_async", away)
    assert await _pid(stock)
    assert attempts == 3
    stock.distrust()
    attempts = -100
    with pytest.raises(ConnectionLostError) as gone:
        await stock.take()
    assert gone.value.code is Code.CONNECTION_REFUSED
    attempts = 2
    assert await _pid(stock)


async def test_what_is_done_behind_a_callers_back_ends_when_it_is_cancelled(db: Database, alice: UserScope) -> None:
    """As when a program ends without closing its database: `asyncio.run` cancels every task, and waits for it."""
    for _ in range(20):
        await alice.raw("select 1")
        await asyncio.sleep(0)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        if others:
            _, left = await asyncio.wait(others, timeout=10)
            assert not left
    assert await alice.raw("select 1") == [(1,)]
    assert db.metrics().login is not None
