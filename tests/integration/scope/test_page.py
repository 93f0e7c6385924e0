"""Pages by keyset: every row once, in order, whatever is added meanwhile."""

from __future__ import annotations

import pytest
from sqlalchemy import Select, func, select

from freehold import UserScope
from freehold.errors import Code, StatementError
from tests.integration.scope.models import Task

ORDERS: dict[str, Select[Task]] = {
    "by the key": select(Task),
    "falling": select(Task).order_by(Task.priority.desc()),
    "mixed": select(Task).order_by(Task.priority.desc(), Task.title),
    "by time": select(Task).order_by(Task.created_at.desc()).where(Task.priority >= 0),
}


@pytest.mark.parametrize("statement", ORDERS.values(), ids=ORDERS)
async def test_every_row_comes_once(alice: UserScope, bob: UserScope, statement: Select[Task]) -> None:
    """The pages together are the whole list, and none is larger than asked for."""
    await alice.insert_all([Task(title=f"t{number}", priority=number % 3) for number in range(11)])
    await bob.insert(Task(title="his"))
    whole = [
        task.id for task in await alice.all(statement.order_by(Task.id.desc() if "DESC" in str(statement) else Task.id))
    ]
    seen: list[str] = []
    after: str | None = None
    for _ in range(4):
        page = await alice.page(statement, after=after, size=3)
        assert len(page.rows) <= 3
        seen += [task.id for task in page.rows]
        after = page.after
    assert after is None
    assert sorted(seen) == sorted(whole)
    assert len(set(seen)) == 11


async def test_rows_added_meanwhile_move_nothing(alice: UserScope) -> None:
    """OFFSET would give the last row of the first page again."""
    await alice.insert_all([Task(title=f"t{number}") for number in range(4)])
    newest = select(Task).order_by(Task.id.desc())
    first = await alice.page(newest, size=2)
    await alice.insert(Task(title="new"))
    second = await alice.page(newest, after=first.after, size=2)
    assert [task.title for task in first.rows + second.rows] == ["t3", "t2", "t1", "t0"]


async def test_another_users_cursor_shows_nothing(alice: UserScope, bob: UserScope) -> None:
    """A cursor is a place, not a permission."""
    await alice.insert_all([Task(title=f"t{number}") for number in range(4)])
    hers = await alice.page(select(Task), size=2)
    assert hers.after is not None
    assert (await bob.page(select(Task), after=hers.after, size=2)).rows == []


@pytest.mark.parametrize("cursor", ["", "x", "bm90IGpzb24", "WzFd", "\N{SNOWMAN}", "W10"])
async def test_a_cursor_that_is_none(alice: UserScope, cursor: str) -> None:
    """Whatever arrives in a URL is refused as the caller's mistake."""
    with pytest.raises(StatementError) as refused:
        await alice.page(select(Task), after=cursor)
    assert refused.value.code is Code.CURSOR_INVALID


async def test_a_cursor_of_another_order(alice: UserScope) -> None:
    """Its values would be compared with other columns."""
    await alice.insert_all([Task(title=f"t{number}") for number in range(3)])
    by_title = await alice.page(select(Task).order_by(Task.title), size=1)
    with pytest.raises(StatementError) as refused:
        await alice.page(select(Task).order_by(Task.priority), after=by_title.after, size=1)
    assert refused.value.code is Code.CURSOR_INVALID


@pytest.mark.parametrize(
    "statement",
    [select(Task).order_by(Task.deleted_at), select(Task).order_by(func.random()), select(Task).limit(5)],
    ids=["may be NULL", "no column", "limited"],
)
async def test_orders_that_cannot_be_paged(alice: UserScope, statement: Select[Task]) -> None:
    """Rows would be left out in silence."""
    with pytest.raises(StatementError) as refused:
        await alice.page(statement)
    assert refused.value.code is Code.CURSOR_INVALID
