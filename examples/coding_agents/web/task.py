"""The tasks: the list with what can be asked for, and one task with its conversation and its log."""

from __future__ import annotations

from asyncio import gather
from collections.abc import Sequence
from typing import Final, get_args

from examples.coding_agents.logs import LogPage, read_log
from examples.coding_agents.messages import list_messages
from examples.coding_agents.models import Agent
from examples.coding_agents.schemas import MessageOut, TaskOut, Which
from examples.coding_agents.tasks import LIVE, list_tasks, read
from examples.coding_agents.web.allowance import remaining
from examples.coding_agents.web.page import signed_in
from freehold import UserContext
from freehold.actions import Form, Page

_LINES: Final = 200
_MESSAGES: Final = 100
_AGENTS: Final = tuple((each, each.capitalize()) for each in get_args(Agent))
_DONE: Final = {"deleted": "The task is deleted.", "cleared": "The completed tasks are deleted."}


async def show_list(ctx: UserContext, form: Form, after: str | None = None, done: str = "") -> str:
    """The list, from the newest task or from one further down, below the form for a new one."""
    tasks, left = await gather(list_tasks(ctx, Which(after=after)), remaining(ctx))
    return await signed_in(
        ctx,
        "tasks.html",
        "tasks",
        "/app",
        form=form,
        agents=_AGENTS,
        remaining=left,
        tasks=tasks.tasks,
        next=tasks.next,
        first=after is None,
        live=any(each.status in LIVE for each in tasks.tasks),
        ended=any(each.status == "completed" for each in tasks.tasks),
        notice=_DONE.get(done),
    )


async def show(
    ctx: UserContext, task_id: str, form: Form, before: int | None = None, said_after: str | None = None
) -> str:
    """One task. ``before``: the number of the line that its log is shown up to; ``said_after``: a place between messages."""
    which = Which(after=said_after, limit=_MESSAGES)
    task = await read(ctx, task_id)  # first: a task that has ended has said everything by then
    messages, log = await gather(list_messages(ctx, task_id, which), _log(ctx, task_id, before))
    live = task.status in LIVE
    return await signed_in(
        ctx,
        "task.html",
        "tasks",
        f"/app/tasks/{task_id}",
        form=form,
        task=task,
        messages=_after_the_prompt(task, messages.messages) if said_after is None else messages.messages,
        later=messages.next,
        begins=said_after is None,
        log=log,
        live=live,
        follows=live and before is None,
        stream=f"/tasks/{task_id}/logs/stream",
    )


def _after_the_prompt(task: TaskOut, messages: Sequence[MessageOut]) -> Sequence[MessageOut]:
    """Without the prompt, which the program that this one takes over from kept as a message too."""
    return messages[1:] if messages and (messages[0].role, messages[0].content) == ("user", task.prompt) else messages


async def _log(ctx: UserContext, task_id: str, before: int | None) -> LogPage:
    """The last lines, or the last before one."""
    if before is not None:
        start = max(0, before - 1 - _LINES)
        return await read_log(ctx.scope, task_id, after=start, limit=before - 1 - start)
    log = await read_log(ctx.scope, task_id, after=0, limit=_LINES)
    if log.total <= _LINES:
        return log
    return await read_log(ctx.scope, task_id, after=log.total - _LINES, limit=_LINES)


async def _again(ctx: UserContext, form: Form) -> str:
    return await show(ctx, str(form.places["task_id"]), form)


PAGES: Final = {
    "tasks.create": Page("/app/tasks/{id}", show_list),
    "tasks.stop": Page("/app/tasks/{task_id}", _again),
    "tasks.delete": Page("/app?done=deleted", _again, at="/tasks/{task_id}/delete"),
    "tasks.delete_all": Page("/app?done=cleared", show_list),
    "tasks.continue": Page("/app/tasks/{task_id}", _again),
}
