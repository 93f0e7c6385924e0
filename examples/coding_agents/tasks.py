"""Tasks over HTTP. Everything runs as the caller; another user's task and one that does not exist are the same."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Final, cast

from fastapi import APIRouter, Depends, Response
from sqlalchemy import case, func, select, tuple_, update
from starlette.requests import Request

from examples.coding_agents.changes import Changes, TaskKey
from examples.coding_agents.models import Task
from examples.coding_agents.paging import Cursor, page
from examples.coding_agents.schemas import After, CreateTask, Limit, TaskId, TaskOut, TaskPage
from freehold.actions import Caller, UserContext
from freehold.errors import Code, NotVisibleError

routes = APIRouter(tags=["tasks"])

_LIVE: Final = ("pending", "processing")
_SHOWN: Final[tuple[Any, ...]] = tuple(getattr(Task, name) for name in TaskOut.model_fields)


def changes_of(request: Request) -> Changes:
    """Where what happens to tasks is announced."""
    return cast(Changes, request.app.state.changes)


Announced = Annotated[Changes, Depends(changes_of)]


@routes.post("/tasks", status_code=201)
async def create_task(given: CreateTask, caller: Caller, changes: Announced, response: Response) -> TaskOut:
    """Asks an agent to do something; a runner takes the task as soon as it can."""
    task = await caller.scope.insert(Task(**given.model_dump()))
    changes.announce(TaskKey(task.user_id, task.id))
    response.headers["Location"] = f"/tasks/{task.id}"
    return TaskOut.model_validate(task)


@routes.get("/tasks")
async def list_tasks(caller: Caller, after: After = None, limit: Limit = 20) -> TaskPage:
    """The caller's tasks, the newest first, without their logs."""
    statement = select(*_SHOWN).order_by(Task.created_at.desc(), Task.id.desc()).limit(limit + 1)
    if after is not None:
        cursor = Cursor.parse(after)
        statement = statement.where(tuple_(Task.created_at, Task.id) < (cursor.created_at, cursor.id))
    tasks, following = page(
        _tasks(await caller.scope.all(statement)), limit, lambda task: Cursor(task.created_at, task.id)
    )
    return TaskPage(tasks=list(tasks), next=following)


@routes.get("/tasks/{task_id}")
async def read_task(task_id: TaskId, caller: Caller) -> TaskOut:
    """One task, without its log."""
    return _only(await caller.scope.all(select(*_SHOWN).where(Task.id == task_id)))


@routes.post("/tasks/{task_id}/stop")
async def stop_task(task_id: TaskId, caller: Caller, changes: Announced) -> TaskOut:
    """Stops a task that waits or runs; one that has ended stays as it is.

    Whose it is, whether it can be stopped, and the write are one statement; the row itself tells the runner.
    """
    stop = update(Task).where(Task.id == task_id, Task.status.in_(_LIVE)).values(status="stopped").returning(Task.id)
    stopped, task = await caller.scope.batch(stop, select(*_SHOWN).where(Task.id == task_id))
    if stopped:
        changes.announce(TaskKey(id_of(caller), task_id))
    return _only(task)


@routes.delete("/tasks/{task_id}", status_code=204)
async def delete_task(task_id: TaskId, caller: Caller, changes: Announced) -> None:
    """Deletes a task, and stops it first if it waits or runs. The row is kept, out of everybody's sight."""
    deletion = (
        update(Task)
        .where(Task.id == task_id)
        .values(deleted_at=func.now(), status=case((Task.status.in_(_LIVE), "stopped"), else_=Task.status))
        .returning(Task.id)
    )
    if not await caller.scope.all(deletion):
        raise missing()
    changes.announce(TaskKey(id_of(caller), task_id))


def id_of(caller: UserContext) -> str:
    """The caller's id; the identity of a caller has one."""
    return cast(str, caller.identity.user_id)


def missing() -> NotVisibleError:
    """There is no such task for this caller."""
    return NotVisibleError(Code.NOT_VISIBLE, "There is no such task for this caller.")


def _tasks(rows: Iterable[Any]) -> list[TaskOut]:
    return [TaskOut.model_validate(dict(zip(TaskOut.model_fields, row, strict=True))) for row in rows]


def _only(rows: Iterable[Any]) -> TaskOut:
    for task in _tasks(rows):
        return task
    raise missing()
