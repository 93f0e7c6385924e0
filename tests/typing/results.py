"""What a checker infers: rows, values and tuples as the statement asked for them, through every verb."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, assert_type
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import ColumnElement, Select, func, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from freehold import (
    AnonymousScope,
    Attr,
    Database,
    Identity,
    Scope,
    ServiceScope,
    UserScope,
    Page,
    Upserted,
    append,
    outer,
    set_,
    tuples,
    with_,
    with_deleted,
)
from freehold.schemas import InsertSchema, SelectSchema, UpdateSchema, select_schema
from freehold.scope import Assignment
from tests.typing.schema import LogEntry, Message, Status, Task


def attributes(task: Task) -> None:
    """On the class a column, on a row its value."""
    assert_type(Task.title, Attr[str])
    assert_type(Task.note, Attr[str | None])
    assert_type(Task.logs, Attr[list[LogEntry]])
    assert_type(task.id, UUID)
    assert_type(task.title, str)
    assert_type(task.note, str | None)
    assert_type(task.status, Status)
    assert_type(task.logs, list[LogEntry])
    assert_type(task.created_at, datetime)
    assert_type(task.deleted_at, datetime | None)
    task.title = "t"
    task.note = None
    task.status = "completed"


def constructors(key: UUID) -> None:
    """Columns without a default are required; what the database makes is not taken."""
    Task(title="t")
    Task(title="t", note=None, priority=1, status="completed", logs=[LogEntry(message="m")])
    Message(task_id=key, content="c")


def comparisons(key: UUID, when: datetime) -> None:
    """A column compares with its own type, with an expression of it, and with NULL where it may be NULL."""
    assert_type(Task.title == "t", ColumnElement[bool])
    assert_type(Task.title != "t", ColumnElement[bool])
    assert_type(Task.priority > 1, ColumnElement[bool])
    assert_type(Task.created_at <= when, ColumnElement[bool])
    assert_type(Task.note == "n", ColumnElement[bool])
    assert_type(Task.note == None, ColumnElement[bool])  # noqa: E711 - IS NULL
    assert_type(Task.status == "pending", ColumnElement[bool])
    assert_type(Task.id == Message.task_id, ColumnElement[bool])
    assert_type(Task.title == Task.note, ColumnElement[bool])
    select(Task).where(
        Task.id == key,
        Task.id.in_([key]),
        Task.id.in_(select(Message.task_id)),
        Task.status.in_(["pending", "completed"]),
        Task.note.is_(None),
        Task.note.is_not(None),
        Task.title.like("a%"),
        Task.title == func.lower("T"),
        Task.priority.between(1, 3),
        Task.created_at > func.now(),
        Task.deleted_at.is_distinct_from(when),
        (Task.title == "t") | ~(Task.priority == 1),
    ).order_by(Task.created_at.desc()).limit(1)


async def one_thing(scope: UserScope, statement: Select[Task]) -> None:
    """A model, or the value of one column."""
    assert_type(await scope.all(select(Task)), list[Task])
    assert_type(await scope.first(select(Task)), Task | None)
    assert_type(await scope.one(select(Task)), Task)
    assert_type(await scope.all(select(Task.title)), list[str])
    assert_type(await scope.first(select(Task.note)), str | None)
    assert_type(await scope.one(select(func.count()).select_from(Task)), int)
    assert_type(await scope.all(statement.where(Task.title == "t").limit(1)), list[Task])
    assert_type(await scope.all(with_deleted(select(Task))), list[Task])


async def several_things(scope: UserScope) -> None:
    """Tuples, in the order that was asked for."""
    assert_type(await scope.all(select(Task.id, Task.title)), list[tuple[UUID, str]])
    assert_type(await scope.first(select(Task.id, Task.title)), tuple[UUID, str] | None)
    assert_type(await scope.one(select(Task, Message)), tuple[Task, Message])
    assert_type(
        await scope.all(select(Task.id, Task.title, Task.status, Task.note)), list[tuple[UUID, str, Status, str | None]]
    )
    joined = select(Task, Message.content).join(Message, Message.task_id == Task.id)
    assert_type(await scope.all(joined), list[tuple[Task, str]])


async def changes(scope: UserScope, key: UUID) -> None:
    """Rows come back as what they are."""
    assert_type(await scope.get(Task, key), Task)
    assert_type(await scope.insert(Task(title="t")), Task)
    assert_type(await scope.insert_all([Task(title="t")]), list[Task])
    assert_type(await scope.update(Task, Task.id == key, set_(Task.title, "t")), list[Task])
    assert_type(await scope.delete(Task, Task.id == key), list[Task])
    assert_type(await scope.delete(Task, true(), hard=True), list[Task])
    await scope.update(
        Task,
        Task.id == key,
        set_(Task.status, "completed"),
        set_(Task.note, None),
        set_(Task.note, "n"),
        set_(Task.priority, Task.priority + 1),
        set_(Task.deleted_at, None),
        append(Task.logs, LogEntry(message="m")),
    )


async def batches(scope: UserScope) -> None:
    """A tuple of lists, statement by statement."""
    assert_type(await scope.batch(select(Task)), tuple[list[Task]])
    assert_type(await scope.batch(select(Task.id, Task.title), select(Task)), tuple[list[Any], ...])
    assert_type(await scope.batch(select(Task), select(Message.content)), tuple[list[Task], list[str]])
    assert_type(
        await scope.batch(select(Task), select(Task.id), select(Message)),
        tuple[list[Task], list[UUID], list[Message]],
    )


async def scopes(db: Database, identity: Identity) -> None:
    """Each kind of caller has a type of its own, and a transaction keeps it."""
    assert_type(db.as_user(identity), UserScope)
    assert_type(db.as_user("id"), UserScope)
    assert_type(db.as_anon(), AnonymousScope)
    assert_type(db.as_service(reason="r"), ServiceScope)
    async with db.as_user(identity).transaction() as tx:
        assert_type(tx, UserScope)
        assert_type(await tx.all(select(Task)), list[Task])
        async with tx.transaction() as inner:
            assert_type(inner, UserScope)
    async with db.as_service(reason="r").transaction() as tx2:
        assert_type(tx2, ServiceScope)
    async with db.as_user(identity).session() as session:
        assert_type(session, AsyncSession)
        assert_type((await session.scalars(select(Task))).all(), Sequence[Task])


async def raw(scope: UserScope) -> None:
    """Text says nothing of its types."""
    assert_type(await scope.raw("select 1 + $1", 1), list[tuple[Any, ...]])


def anybody(scope: Scope) -> None:
    """What every caller may be given."""


def everybody(user: UserScope, anon: AnonymousScope, service: ServiceScope) -> None:
    """All of them are scopes."""
    anybody(user)
    anybody(anon)
    anybody(service)


class TaskOut(SelectSchema[Task], omit={"logs"}):
    """A task, with a field of the class's own."""

    late: bool = False


class NewTask(InsertSchema[Task]): ...


class ChangeTask(UpdateSchema[Task], only={"title", "note"}):
    title: str = "t"


def schemas(task: Task, row: dict[str, object], new: NewTask) -> None:
    """A class that is derived is known by its name, its own fields, and what it makes."""
    assert_type(TaskOut.of(task), TaskOut)
    assert_type(TaskOut.all_of([task]), list[TaskOut])
    assert_type(TaskOut.of(task).late, bool)
    assert_type(TaskOut.model_validate(row), TaskOut)
    assert_type(NewTask.model_validate(row), NewTask)
    assert_type(new.row(), Task)
    assert_type(new.row(priority=1), Task)
    assert_type(ChangeTask(title="t").title, str)
    assert_type(ChangeTask(title="t").assignments(), list[Assignment])
    assert_type(select_schema(Task, omit={"logs"}), type[BaseModel])


async def schemas_in_verbs(alice: UserScope, key: UUID, new: NewTask, change: ChangeTask) -> None:
    """What they make is what verbs take."""
    assert_type(await alice.insert(new.row()), Task)
    assert_type(await alice.update(Task, Task.id == key, *change.assignments()), list[Task])
    assert_type(TaskOut.all_of(await alice.all(select(Task))), list[TaskOut])


async def related(user: UserScope) -> None:
    """Children are lists of their model; the outer side of a join may be missing."""
    assert_type(await user.all(with_(select(Task), Message)), list[tuple[Task, list[Message]]])
    joined = select(Task, outer(Message)).outerjoin(Message, Message.task_id == Task.id)
    assert_type(await user.all(joined), list[tuple[Task, Message | None]])
    content = outer(Message.content)
    columns = select(Task.id, content).outerjoin(Message, Message.task_id == Task.id)
    assert_type(await user.all(columns), list[tuple[UUID, str | None]])


async def batches_of_tuples(user: UserScope) -> None:
    """Tuples and children keep their types in a batch."""
    assert_type(
        await user.batch(select(Task), tuples(select(Task.id, Task.title)), tuples(with_(select(Task), Message))),
        tuple[list[Task], list[tuple[UUID, str]], list[tuple[Task, list[Message]]]],
    )


async def outcomes(user: UserScope) -> None:
    """An upsert and a page know their model; what `run` gives is what its body gives."""

    async def body(tx: UserScope) -> int:
        return len(await tx.all(select(Task)))

    assert_type(await user.upsert(Task(title="t"), on=[Task.title]), Upserted[Task])
    assert_type(await user.page(select(Task)), Page[Task])
    assert_type(await user.run(body), int)
    assert_type(await user.insert_all([Task(title="t")], progress=print), list[Task])
    assert_type(user.reading(), UserScope)
    assert_type(await user.explain(select(Task.id, Task.title)), str)
