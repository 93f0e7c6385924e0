"""Related rows: one round trip, the caller's only, and the outer side of a join may be missing."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from freehold import UserScope, outer, tuples, with_
from freehold.errors import Code, StatementError
from freehold.wire import PoolSize
from tests.integration.scope.models import Message, Note, Task
from tests.integration.scope.trace import Wire


@pytest.fixture
def size() -> PoolSize:
    """One shared connection, so that all of it is heard."""
    return PoolSize(largest=2, shared=1, patience=5.0)


async def _talk(scope: UserScope) -> list[Task]:
    tasks = await scope.insert_all([Task(title=f"t{number}") for number in range(3)])
    await scope.insert_all([Message(task_id=task.id, content=f"{task.title}/{n}") for task in tasks[:2] for n in "ab"])
    return tasks


async def test_children_come_with_their_parents(wire: Wire, alice: UserScope, bob: UserScope) -> None:
    """Two statements, one Sync; a parent without children has an empty list; nobody else's come along."""
    await _talk(alice)
    await _talk(bob)
    statement = select(Task).order_by(Task.title.desc()).limit(2)
    await alice.all(with_(statement, Message))
    wire.messages()
    found = await alice.all(with_(statement, Message))
    sent = wire.sent()
    assert (sent["Sync"], sent["Execute"]) == (1, 3)
    assert [(task.title, [message.content for message in messages]) for task, messages in found] == [
        ("t2", []),
        ("t1", ["t1/a", "t1/b"]),
    ]


async def test_in_a_batch_and_a_transaction(alice: UserScope) -> None:
    """Each statement of a batch takes its own results, however many statements it is made of."""
    await _talk(alice)
    notes, talks, titles = await alice.batch(
        select(Note), with_(select(Task), Message), tuples(select(Task.title, Task.priority).order_by(Task.title))
    )
    assert (notes, len(talks), titles[0]) == ([], 3, ("t0", 0))
    async with alice.transaction() as tx:
        assert [len(messages) for _, messages in await tx.all(with_(select(Task).order_by(Task.title), Message))] == [
            2,
            2,
            0,
        ]


async def test_a_relation_that_there_is_not(alice: UserScope) -> None:
    """The error names what to declare."""
    with pytest.raises(StatementError) as refused:
        await alice.all(with_(select(Task), Note))
    assert refused.value.code is Code.RELATION_UNKNOWN


async def test_the_outer_side_may_be_missing(alice: UserScope) -> None:
    """None instead of a model, or of a value, where the join found nothing."""
    await _talk(alice)
    joined = (
        select(Task, outer(Message)).outerjoin(Message, Message.task_id == Task.id).order_by(Task.title, Message.id)
    )
    found = await alice.all(joined)
    assert [(task.title, message and message.content) for task, message in found][-2:] == [("t1", "t1/b"), ("t2", None)]
    assert await alice.all(
        select(Task.title, outer(Message.content))
        .outerjoin(Message, Message.task_id == Task.id)
        .where(Task.title == "t2")
    ) == [("t2", None)]
