"""Slips of the pen that a checker cannot see: refused, rather than done to more rows than were meant."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from freehold import Database, Identity, Role, UserScope, set_
from freehold.errors import FreeholdError, StatementError
from tests.integration.conftest import ALICE
from tests.integration.scope.models import Board, Message, Note, Task


async def test_an_assignment_to_another_model(alice: UserScope) -> None:
    """A column of the same name is not the same column: the task would get the board's title."""
    task = await alice.insert(Task(title="t"))
    with pytest.raises(StatementError):
        await alice.update(Task, Task.id == task.id, set_(Board.title, "meant for a board"))


async def test_a_condition_on_another_model_alone(alice: UserScope) -> None:
    """DELETE FROM tasks USING messages WHERE messages.id = $1: every task of the caller."""
    task = await alice.insert(Task(title="a"))
    await alice.insert(Task(title="b"))
    message = await alice.insert(Message(task_id=task.id, content="c"))
    with pytest.raises(StatementError):
        await alice.update(Task, Message.id == message.id, set_(Task.title, "x"))
    with pytest.raises(StatementError):
        await alice.delete(Task, Message.id == message.id)
    assert sorted(await alice.all(select(Task.title))) == ["a", "b"]


async def test_an_identity_that_is_no_users(db: Database) -> None:
    """An identity made by hand for another role is refused before it is sent (PostgreSQL refuses it too)."""
    with pytest.raises(FreeholdError):
        db.as_user(Identity(Role.SERVICE, "u", "{}"))


async def test_it_would_be_refused_by_the_server(db: Database) -> None:
    """The login role cannot become the service."""
    with pytest.raises(FreeholdError):
        await db.as_user(Identity(Role.SERVICE, "u", "{}")).all(select(Note))


async def test_a_number_in_text(alice: UserScope) -> None:
    """left(text, integer) with a Python int."""
    assert await alice.raw("select left('abc', $1)", 2) == [("ab",)]


async def test_the_owner_of_a_row_is_the_callers_even_if_the_class_was_told_otherwise(alice: UserScope) -> None:
    """A row that was read is not inserted for somebody else by accident."""
    note = await alice.insert(Note(text="n"))
    assert note.user_id == ALICE
