"""Tasks over HTTP. Everything runs as the caller; another user's task and one that does not exist are the same."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from typing import Any, Final, cast

from sqlalchemy import case, func, select, tuple_, update
from starlette.requests import Request

from examples.coding_agents.changes import Changes, TaskKey
from examples.coding_agents.models import Task, TaskMessage
from examples.coding_agents.paging import Cursor, page
from examples.coding_agents.quota import MESSAGES
from examples.coding_agents.schemas import CreateTask, Deleted, Id, NewMessage, TaskOut, TaskPage, Which, WithStatus
from freehold import UserContext, action
from freehold.actions import Caller, Refusal
from freehold.errors import Code, NotVisibleError

LIVE: Final = ("pending", "processing")
_SHOWN: Final[tuple[Any, ...]] = tuple(getattr(Task, name) for name in TaskOut.model_fields)
_LIST: Final = "tasks"
_ONE: Final = ("tasks", "tasks/{task_id}")


class TaskRunning(Refusal, status=409, code="task_running", title="The task has not ended yet"):
    """A message can be sent when the agent has done what it was asked before."""


@action(
    "tasks.create",
    path="/tasks",
    scope="tasks:write",
    quota=MESSAGES,
    touches=(_LIST,),
    idempotent=True,
    status=201,
    location="/tasks/{id}",
)
async def create(ctx: UserContext, given: CreateTask) -> TaskOut:
    """Asks an agent to do something; a runner takes the task as soon as it can."""
    return TaskOut.of(await ctx.scope.insert(given.row()))


@action.read("tasks.list", path="/tasks", scope="tasks:read", tags=(_LIST,))
async def list_tasks(ctx: UserContext, which: Which) -> TaskPage:
    """The caller's tasks, the newest first, without their logs."""
    statement = select(*_SHOWN).order_by(Task.created_at.desc(), Task.id.desc()).limit(which.limit + 1)
    if which.after is not None:
        cursor = Cursor.parse(which.after)
        statement = statement.where(tuple_(Task.created_at, Task.id) < (cursor.created_at, cursor.id))
    tasks, following = page(_tasks(await ctx.scope.all(statement)), which.limit, _place)
    return TaskPage(tasks=list(tasks), next=following)


@action.read("tasks.read", path="/tasks/{task_id}", scope="tasks:read", tags=_ONE[1:])
async def read(ctx: UserContext, task_id: Id) -> TaskOut:
    """One task, without its log."""
    return _only(await ctx.scope.all(select(*_SHOWN).where(Task.id == task_id)))


@action("tasks.stop", path="/tasks/{task_id}/stop", scope="tasks:write", touches=_ONE)
async def stop(ctx: UserContext, task_id: Id) -> TaskOut:
    """Stops a task that waits or runs; one that has ended stays as it is.

    Whose it is, whether it can be stopped, and the write are one statement; the row itself tells the runner.
    """
    stopped = update(Task).where(Task.id == task_id, Task.status.in_(LIVE)).values(status="stopped")
    _, task = await ctx.scope.batch(stopped.returning(Task.id), select(*_SHOWN).where(Task.id == task_id))
    return _only(task)


@action("tasks.delete", path="/tasks/{task_id}", method="DELETE", scope="tasks:write", touches=_ONE)
async def delete(ctx: UserContext, task_id: Id) -> None:
    """Deletes a task, and stops it first if it waits or runs. The row is kept, out of everybody's sight."""
    if not await ctx.scope.all(_deletion().where(Task.id == task_id).returning(Task.id)):
        raise missing()


@action("tasks.delete_all", path="/tasks/delete", scope="tasks:write", touches=(_LIST,))
async def delete_all(ctx: UserContext, which: WithStatus) -> Deleted:
    """Deletes the tasks that have a status."""
    gone = await ctx.scope.all(_deletion().where(Task.status == which.status).returning(Task.id))
    return Deleted(deleted=len(gone))


@action(
    "tasks.continue",
    path="/tasks/{task_id}/continue",
    scope="tasks:write",
    quota=MESSAGES,
    errors=(TaskRunning,),
    touches=_ONE,
    idempotent=True,
)
async def go_on(ctx: UserContext, task_id: Id, message: NewMessage) -> TaskOut:
    """Tells the agent something about a task that has ended, and lets it run again, both or neither."""
    again = update(Task).where(Task.id == task_id, Task.status.not_in(LIVE)).values(status="pending")
    changed, found = await ctx.scope.batch(again.returning(Task.id), select(*_SHOWN).where(Task.id == task_id))
    task = _only(found)
    if not changed:
        raise TaskRunning("Wait until it has ended, or stop it.")
    await ctx.scope.insert(TaskMessage(task_id=task_id, content=message.content))
    return task


CHANGING: Final = (create, stop, delete, delete_all, go_on)
READING: Final = (list_tasks, read)


def changes_of(request: Request) -> Changes:
    """Where what happens to tasks is announced in this process."""
    return cast(Changes, request.app.state.changes)


async def announcing(request: Request, caller: Caller) -> AsyncGenerator[None]:
    """A dependency that announces a change once it is committed: before, nobody would find it."""
    yield
    changes_of(request).announce(TaskKey(id_of(caller), request.path_params.get("task_id", "")))


def id_of(caller: UserContext) -> str:
    """The caller's id; the identity of a caller has one."""
    return cast(str, caller.identity.user_id)


def missing() -> NotVisibleError:
    """There is no such task for this caller."""
    return NotVisibleError(Code.NOT_VISIBLE, "There is no such task for this caller.")


def _deletion() -> Any:
    stopped = case((Task.status.in_(LIVE), "stopped"), else_=Task.status)
    return update(Task).values(deleted_at=func.now(), status=stopped)


def _place(task: TaskOut) -> Cursor:
    return Cursor(task.created_at, task.id)


def _tasks(rows: Iterable[Any]) -> list[TaskOut]:
    return [TaskOut.model_validate(dict(zip(TaskOut.model_fields, row, strict=True))) for row in rows]


def _only(rows: Iterable[Any]) -> TaskOut:
    for task in _tasks(rows):
        return task
    raise missing()
