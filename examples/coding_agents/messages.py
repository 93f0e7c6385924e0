"""What the user and the agent say to each other about a task, over HTTP."""

from __future__ import annotations

from fastapi import APIRouter
from sqlalchemy import select, tuple_

from examples.coding_agents.models import Task, TaskMessage
from examples.coding_agents.paging import Cursor, page
from examples.coding_agents.schemas import After, CreateMessage, Limit, MessageOut, MessagePage, TaskId
from examples.coding_agents.tasks import missing
from freehold.actions import Caller

routes = APIRouter(tags=["messages"])


@routes.get("/tasks/{task_id}/messages")
async def list_messages(task_id: TaskId, caller: Caller, after: After = None, limit: Limit = 50) -> MessagePage:
    """The messages of a task, the oldest first."""
    statement = (
        select(TaskMessage)
        .where(TaskMessage.task_id == task_id)
        .order_by(TaskMessage.created_at, TaskMessage.id)
        .limit(limit + 1)
    )
    if after is not None:
        cursor = Cursor.parse(after)
        place = tuple_(TaskMessage.created_at, TaskMessage.id)
        statement = statement.where(place > (cursor.created_at, cursor.id))
    task, rows = await caller.scope.batch(select(Task.id).where(Task.id == task_id), statement)
    if not task:
        raise missing()
    shown, following = page(rows, limit, lambda row: Cursor(row.created_at, row.id))
    return MessagePage(messages=[MessageOut.model_validate(row) for row in shown], next=following)


@routes.post("/tasks/{task_id}/messages", status_code=201)
async def create_message(task_id: TaskId, given: CreateMessage, caller: Caller) -> MessageOut:
    """Tells the agent something. The composite key lets a message refer to a task of its own user only."""
    async with caller.scope.transaction() as transaction:
        if await transaction.first(select(Task.id).where(Task.id == task_id)) is None:
            raise missing()
        message = await transaction.insert(TaskMessage(task_id=task_id, content=given.content))
    return MessageOut.model_validate(message)
