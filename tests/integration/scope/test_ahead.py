"""A statement ahead of a scope's first: one round trip for both, and the other is skipped where it is needless."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import Text, cast, func, literal, select

from freehold import UserScope
from freehold.errors import DatabaseError
from freehold.scope.ahead import Ahead, Needless, NeedlessError, _skippable, ahead_of
from freehold.wire import Connection, PoolSize
from tests.integration.conftest import ALICE
from tests.integration.scope.models import LogEntry, Note, Task
from tests.integration.scope.trace import Wire


@pytest.fixture
def size() -> PoolSize:
    """One shared connection, so that all of it is heard."""
    return PoolSize(largest=3, shared=1, patience=5.0)


def _led(scope: UserScope, *known: int) -> tuple[UserScope, Ahead]:
    """A scope that counts notes ahead, and needs nothing else where their number is known."""
    count = func.count(Note.id)
    return ahead_of(scope, select(cast(count, Text), Needless(count.in_(known))), skips=bool(known))


async def test_both_are_one_round_trip(wire: Wire, alice: UserScope) -> None:
    """However the rest is written, and it gives what it gives alone: models, documents, columns of one name, order."""
    for number in range(5):
        await alice.insert(Task(title=f"{number}", logs=[LogEntry(type="info", message="m")]))
    statements: list[Any] = [
        select(Task).order_by(Task.title.desc()),
        select(Task.title, Task.id.label("title2"), Task.logs).order_by(Task.title.desc()).limit(2),
        select(Task.priority, literal(1).label("priority")).with_for_update(),
    ]
    for each in statements:
        alone = [_plain(row) for row in await alice.all(each)]
        for known in ((), (7, 8)):
            led, ahead = _led(alice, *known)
            wire.messages()
            assert [_plain(row) for row in await led.all(each)] == alone
            assert wire.sent()["Sync"] == 1
            assert (ahead.row, ahead.needless, ahead.first) == (("0", "false"), False, True)
            await led.all(each)
            assert wire.sent()["Sync"] == 1


def _plain(row: Any) -> Any:
    return (row.id, row.title, row.logs) if isinstance(row, Task) else row


async def test_what_is_needless_is_not_executed(alice: UserScope, admin: Connection) -> None:
    """It raises, and PostgreSQL did not begin the statement; it does where it is needed."""
    await alice.insert(Task(title="t"))
    led, ahead = _led(alice, 0)
    with pytest.raises(NeedlessError):
        await led.all(select(Task))
    assert ahead.needless
    call = alice._plan(select(Task.id))
    for needless, executed in (("false", True), ("true", False)):
        with admin.transaction():
            admin.execute("select set_config('freehold.needless', %s, true)", (needless,))
            text = _skippable(call).sql.replace(b"$1", f"'{ALICE}'".encode())
            plan = "\n".join(row[0] for row in admin.execute(b"explain (analyze, costs off) " + text).fetchall())
        assert "CTE Scan on freehold_first" in plan
        assert ("(never executed)" not in plan) is executed, plan


async def _raw(scope: UserScope) -> None:
    await scope.raw("select 1")


async def _transaction(scope: UserScope) -> None:
    async with scope.transaction() as tx:
        await tx.insert(Note(text="n"))


async def _session(scope: UserScope) -> None:
    async with scope.session() as session:
        await session.scalars(select(Note))


async def _insert(scope: UserScope) -> None:
    await scope.insert(Note(text="n"))


async def _stream(scope: UserScope) -> None:
    async for _ in scope.stream(select(Note)):
        pass


@pytest.mark.parametrize("verb", [_raw, _transaction, _session, _insert, _stream])
async def test_it_is_first_whatever_comes(alice: UserScope, verb: Callable[[UserScope], Awaitable[None]]) -> None:
    """What cannot be skipped waits for it, and does not happen where it is needless."""
    led, ahead = _led(alice)
    await verb(led)
    assert ahead.row == ("0", "false")
    (written,) = await alice.all(select(func.count(Note.id)))
    led, ahead = _led(alice, written)
    with pytest.raises(NeedlessError):
        await verb(led)
    assert await alice.all(select(func.count(Note.id))) == [written]


async def test_it_is_sent_once(wire: Wire, alice: UserScope) -> None:
    """Also where several things are read at once; an error of theirs is theirs, and it is sent with the next."""
    led, ahead = _led(alice)
    await alice.all(select(Note))
    wire.messages()
    await asyncio.gather(*(led.all(select(Note.text)) for _ in range(3)))
    assert sum("freehold.needless" in each for each in wire.messages() if each.startswith("F\t")) <= 2  # parse, bind
    led, ahead = _led(alice)
    with pytest.raises(DatabaseError, match="22012"):
        await led.all(select(literal(1) / func.abs(0)))
    assert ahead.row is None
    await led.all(select(Note))
    assert ahead.row is not None


async def test_what_passes_it_by_is_noticed(alice: UserScope) -> None:
    """Before it was sent; afterwards nothing is older."""
    _, ahead = _led(alice)
    ahead.bypass()
    assert not ahead.first
    led, ahead = _led(alice)
    await led.all(select(Note))
    ahead.bypass()
    assert ahead.first
