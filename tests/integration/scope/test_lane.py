"""One slow statement holds up nobody else: where exchanges go, who waits, and what is cancelled."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import func, select

from freehold import Database, UserScope
from freehold.errors import Code, PoolTimeoutError
from freehold.scope import compiler
from freehold.wire import Connection, PoolSize, lane
from tests.integration.scope.models import Task

NAP = select(func.pg_sleep(0.6))


@pytest.fixture(autouse=True)
def _naps_share(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow statement that shares; by itself ``pg_sleep`` would take a connection of its own."""
    monkeypatch.setattr(compiler, "harmless", lambda function: True)


@pytest.fixture
def size() -> PoolSize:
    """Two shared connections, and one more while they are held up."""
    return PoolSize(largest=4, shared=2, patience=5.0)


async def test_others_go_round_a_slow_statement(alice: UserScope, db: Database) -> None:
    """Fifty fast ones are answered before the slow one, although the first was already on its way."""
    await asyncio.gather(*(alice.all(select(Task)) for _ in range(4)))
    nap = asyncio.create_task(alice.all(NAP))
    await asyncio.sleep(0.05)
    await asyncio.gather(*(alice.all(select(Task.title)) for _ in range(50)))
    assert not nap.done()
    await nap


async def test_known_to_be_slow_they_keep_to_themselves(alice: UserScope, db: Database) -> None:
    """Four at once would take every connection; once their pace is known they take half of them, and queue there."""
    await asyncio.gather(*(alice.all(select(Task)) for _ in range(4)))
    await alice.all(NAP)
    naps = [asyncio.create_task(alice.all(NAP)) for _ in range(4)]
    await asyncio.sleep(0.05)
    await asyncio.gather(*(alice.all(select(Task.title)) for _ in range(50)))
    assert not any(nap.done() for nap in naps)
    lanes = (await db._login.pool()).lanes
    assert sum(link.slow > 0 for link in lanes.links) < len(lanes.links)
    await asyncio.gather(*naps)


@pytest.mark.parametrize("size", [PoolSize(largest=2, shared=1, patience=0.2)])
async def test_a_full_queue_is_an_error_in_time(
    alice: UserScope, monkeypatch: pytest.MonkeyPatch, size: PoolSize
) -> None:
    """Without a bound the caller would wait for as long as everybody before it takes."""
    monkeypatch.setattr(lane, "_DEPTH", 3)
    await alice.all(select(Task))
    calls = [asyncio.create_task(alice.all(NAP)), *(asyncio.create_task(alice.all(select(Task))) for _ in range(2))]
    await asyncio.sleep(0.05)
    with pytest.raises(PoolTimeoutError) as refused:
        await alice.all(select(Task.title))
    assert refused.value.code is Code.POOL_TIMEOUT
    await asyncio.gather(*calls)
    assert await alice.all(select(Task.title)) == []


async def test_what_nobody_waits_for_is_cancelled(alice: UserScope, admin: Connection) -> None:
    """A statement of half a minute ends with the caller who gave up on it, where it has the connection to itself."""
    await alice.all(select(Task))
    call = asyncio.create_task(alice.all(select(func.pg_sleep(29))))
    await asyncio.sleep(0.05)
    call.cancel()
    running = "select count(*) from pg_stat_activity where query like '%pg_sleep%' and state = 'active' and pid <> pg_backend_pid()"
    assert admin.execute(running).fetchone() == (1,)
    for _ in range(100):
        await asyncio.sleep(0.05)
        if admin.execute(running).fetchone() == (0,):
            break
    assert admin.execute(running).fetchone() == (0,)
    assert await alice.all(select(Task)) == []
