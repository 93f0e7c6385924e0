"""What the user and the agent say to each other about a task, over HTTP."""

from __future__ import annotations

from sqlalchemy import select, tuple_

from examples.coding_agents.models import Task, TaskMessage
from examples.coding_agents.paging import Cursor, page
from examples.coding_agents.schemas import Id, MessageOut, MessagePage, Which
from examples.coding_agents.tasks import missing
from freehold import UserContext, action


@action.read("messages.list", path="/tasks/{task_id}/messages", scope="tasks:read")
async def list_messages(ctx: UserContext, task_id: Id, which: Which) -> MessagePage:
    """The messages of a task, the oldest first."""
    statement = (
        select(TaskMessage)
        .where(TaskMessage.task_id == task_id)
        .order_by(TaskMessage.created_at, TaskMessage.id)
        .limit(which.limit + 1)
    )
    if which.after is not None:
        cursor = Cursor.parse(which.after)
        statement = statement.where(tuple_(TaskMessage.created_at, TaskMessage.id) > (cursor.created_at, cursor.id))
    task, rows = await ctx.scope.batch(select(Task.id).where(Task.id == task_id), statement)
    if not task:
        raise missing()
    shown, following = page(rows, which.limit, lambda row: Cursor(row.created_at, row.id))
    return MessagePage(messages=MessageOut.all_of(shown), next=following)
