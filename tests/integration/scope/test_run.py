"""Transactions that are run again when a concurrent one won."""

from __future__ import annotations

import asyncio

import pytest

from freehold import UserScope, set_
from freehold.errors import SerializationError, StatementError
from tests.integration.scope.models import Task


async def test_both_of_two_conflicting_transactions_happen(alice: UserScope) -> None:
    """Each reads, waits for the other to have read, and writes: one must fail, and is run again."""
    task = await alice.insert(Task(title="t"))
    both, runs = asyncio.Barrier(2), 0

    async def raise_priority(tx: UserScope) -> int:
        nonlocal runs
        runs += 1
        found = await tx.get(Task, task.id)
        if runs <= 2:
            await both.wait()
        (changed,) = await tx.update(Task, Task.id == task.id, set_(Task.priority, found.priority + 1))
        return changed.priority

    results = await asyncio.gather(*(alice.run(raise_priority, isolation="repeatable read") for _ in range(2)))
    assert sorted(results) == [1, 2]
    assert runs == 3


async def test_it_gives_up_and_says_so(alice: UserScope) -> None:
    """After the last attempt the error is the caller's; inside a transaction there is one attempt only."""
    runs = 0

    async def lose(tx: UserScope) -> None:
        nonlocal runs
        runs += 1
        await tx.raw("do $$ begin raise sqlstate '40001'; end $$")

    with pytest.raises(SerializationError):
        await alice.run(lose, retry=2)
    assert runs == 3
    with pytest.raises(SerializationError):
        async with alice.transaction() as tx:
            await tx.run(lose, retry=5)
    assert runs == 4


async def test_a_savepoint_has_no_isolation_of_its_own(alice: UserScope) -> None:
    """PostgreSQL sets it for the whole transaction."""
    async with alice.transaction(isolation="serializable") as tx:
        assert await tx.raw("show transaction_isolation") == [("serializable",)]
        with pytest.raises(StatementError):
            async with tx.transaction(isolation="serializable"):
                pass
