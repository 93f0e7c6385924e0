"""Threat: what one caller leaves on a connection (a setting, a cursor, a lock, half a transaction) becomes the next one's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select

from examples.coding_agents.models import Task
from freehold import Database
from freehold.errors import FreeholdError
from freehold.wire import PoolSize
from tests.attack.platform import ALICE, BOB, Platform

LEFT = (
    f"select set_config('request.jwt.claim.sub', '{ALICE}', false)",
    f"select set_config('request.jwt.claims', '{{\"sub\":\"{ALICE}\"}}', false)",
    "set role authenticated",
    "set search_path = pg_temp",
    "set row_security = off",
    "select pg_advisory_lock(4711)",
    "listen everything",
    "declare c cursor with hold for select 1",
)
WHO = "select current_user::text, auth.jwt() ->> 'sub', current_setting('request.jwt.claim.sub', true)"


@pytest.fixture
async def narrow(platform: Platform) -> AsyncIterator[Database]:
    """A database with one connection, so that the next caller gets the very same."""
    size = PoolSize(largest=1, shared=0, patience=5.0)
    async with Database(platform.endpoints.login, size=size) as database:
        yield database


async def clean(database: Database) -> None:
    """Bob and somebody who is not signed in are themselves, and see what is theirs."""
    assert await database.as_user(BOB).raw(WHO) == [("authenticated", BOB, BOB)]
    assert await database.as_user(BOB).all(select(Task.user_id)) == [BOB]
    anonymous = await database.as_anon().raw(WHO)
    assert anonymous == [("anon", None, "")]
    held = "select (select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()), (select count(*) from pg_cursors where is_holdable), (select count(*) from pg_listening_channels())"
    assert await database.as_user(BOB).raw(held) == [(0, 0, 0)]


@pytest.mark.parametrize("statement", LEFT)
async def test_a_setting_does_not_stay(narrow: Database, statement: str) -> None:
    """Whatever a raw statement leaves is gone before the next caller."""
    await narrow.as_user(ALICE).raw(statement)  # type: ignore[arg-type]
    await clean(narrow)


async def test_an_exception_does_not_leave_its_caller(narrow: Database) -> None:
    """In the middle of a transaction, and after a savepoint was rolled back."""
    with pytest.raises(FreeholdError):
        async with narrow.as_user(ALICE).transaction() as tx:
            await tx.raw("select 1/0")
    await clean(narrow)
    async with narrow.as_user(ALICE).transaction() as tx:
        with pytest.raises(FreeholdError):
            async with tx.transaction() as inner:
                await inner.raw("select 1/0")
        assert await tx.raw(WHO) == [("authenticated", ALICE, ALICE)]
    await clean(narrow)


async def test_a_cancelled_task_does_not_leave_its_caller(narrow: Database) -> None:
    """The answer that nobody waits for is not the next caller's."""
    task = asyncio.ensure_future(narrow.as_user(ALICE).raw("select pg_sleep(5)"))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await clean(narrow)


def test_control(platform: Platform) -> None:
    """On a connection that nobody cleans, a plain setting survives COMMIT, and the next caller is the one before."""
    login = platform.login
    try:
        login.execute(LEFT[0].encode())
        login.execute("BEGIN; SELECT set_config('role', 'authenticated', true)")
        assert login.execute("SELECT auth.role(), current_setting('request.jwt.claim.sub')").fetchone() == (None, ALICE)
        login.execute("COMMIT")
    finally:
        login.execute("ROLLBACK")
        login.execute("DISCARD ALL")
