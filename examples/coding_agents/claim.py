"""What a runner writes: each statement says which state it expects, and changes nothing in any other.

A claim names a run (``agent_session_id``), and everything written afterwards asks for that run: a runner that was
thought dead and wakes up again finds that the task is no longer its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, case, func, literal, select, update
from sqlalchemy.dialects.postgresql import INTERVAL

from examples.coding_agents.changes import TaskKey
from examples.coding_agents.documents import LogEntry, LogType
from examples.coding_agents.logs import appended, grown, length_of_log
from examples.coding_agents.models import (
    Account,
    Agent,
    Connector,
    Key,
    MessageRole,
    Task,
    TaskMessage,
    TaskStatus,
    User,
)
from examples.coding_agents.scrub import Scrubber
from freehold.actions.tag import revalidate
from freehold.encryption import Sealed
from freehold.errors import SealError
from freehold.models import text_id
from freehold.scope import Database, ServiceScope, with_deleted

Ending = Literal["completed", "error"]

INTERRUPTED: Final = "The task was interrupted: the program that ran it ended before the task did."
AGAIN: Final = f"{INTERRUPTED} It waits to be run again."


@dataclass(frozen=True, repr=False)
class Claim:
    """A task that this process runs.

    ``attempt``: how often it was begun without coming to an end, this run included. ``position``: the length of its log
    when the run began.
    """

    key: TaskKey
    run: str
    prompt: str
    repo_url: str | None
    source_branch: str | None
    agent: Agent
    model: str | None
    max_duration: int
    attempt: int
    position: int


async def claim_next(db: Database) -> Claim | None:
    """The oldest pending task of anybody, now ours; None if nothing waits. Two runners never get the same one."""
    run = text_id()
    waiting = (
        select(Task.user_id, Task.id)
        .where(Task.status == "pending")
        .order_by(Task.created_at)
        .limit(1)
        .with_for_update(skip_locked=True)
        .cte("waiting")
    )
    statement = (
        update(Task)
        .where(Task.user_id == waiting.c.user_id, Task.id == waiting.c.id, Task.status == "pending")
        .values(
            status="processing",
            agent_session_id=run,
            attempts=case((Task.completed_at.is_(None), Task.attempts + 1), else_=1),  # an ended task begins anew
            log_length=length_of_log(),
            last_heartbeat=func.now(),
            progress=0,
            error=None,
            completed_at=None,
        )
        .returning(
            Task.user_id,
            Task.id,
            Task.prompt,
            Task.repo_url,
            Task.source_branch,
            Task.selected_agent,
            Task.selected_model,
            Task.max_duration,
            Task.attempts,
            Task.log_length,
        )
    )
    async with db.as_service(reason="claim a pending task", all_users=True).transaction() as service:
        claimed: list[Any] = await service.all(statement)
        for user_id, id_, *rest in claimed:
            await _touch(service, TaskKey(user_id, id_))
            return Claim(TaskKey(user_id, id_), run, *rest)
    return None


async def take_over(db: Database, stale: float, attempts: int) -> list[TaskKey]:
    """Frees the tasks whose runner has been silent for ``stale`` seconds.

    They wait to be run again, unless they were begun ``attempts`` times: what ends its runner every time is an error.
    """
    silent = literal(timedelta(seconds=stale), INTERVAL())
    again = Task.attempts < attempts
    statement = (
        update(Task)
        .where(Task.status == "processing", func.coalesce(Task.last_heartbeat, Task.updated_at) < func.now() - silent)
        .values(
            status=case((again, "pending"), else_="error"),
            error=case((again, None), else_=INTERRUPTED),
            completed_at=case((again, None), else_=func.now()),
            log_length=length_of_log() + 1,
        )
        .returning(Task.user_id, Task.id, Task.status, Task.log_length)
    )
    async with db.as_service(reason="free interrupted tasks", all_users=True).transaction() as service:
        freed: list[Any] = await service.all(statement)
        for user_id, id_, status, length in freed:
            last = entry("error", AGAIN if status == "pending" else INTERRUPTED)
            await service.all(appended(id_, [last], at=length - 1, user_id=user_id))
            await _touch(service, TaskKey(user_id, id_))
    return [TaskKey(user_id, id_) for user_id, id_, *_ in freed]


async def _touch(service: ServiceScope, key: TaskKey) -> None:
    """Lists and the task itself look different now, to whoever has an ETag of them."""
    await revalidate(service, "tasks", f"tasks/{key.id}", owner=key.user_id)


class Journal:
    """Reports on one run. Only this run writes the log of its task, so it knows how long the log is."""

    def __init__(self, db: Database, claim: Claim) -> None:
        self._scope: ServiceScope = db.as_service(reason="run a task", owner=claim.key.user_id)
        self._claim = claim
        self._length = claim.position
        self._shown: object = ("processing", 0)

    async def scrubber(self) -> Scrubber:
        """Knows the secrets of the task's owner; one that does not open cannot have reached the agent either."""
        secrets = (
            Key.value,
            Account.access_token,
            Account.refresh_token,
            User.access_token,
            User.refresh_token,
            Connector.oauth_client_secret,
            Connector.env,
        )
        found = await self._scope.batch(*(select(each) for each in secrets))
        return Scrubber(text for rows in found for sealed in rows if sealed is not None for text in _texts(sealed))

    async def conversation(self) -> list[tuple[MessageRole, str]]:
        """What the user and the agent said to each other, the oldest first."""
        return await self._scope.all(
            select(TaskMessage.role, TaskMessage.content)
            .where(TaskMessage.task_id == self._claim.key.id)
            .order_by(TaskMessage.created_at, TaskMessage.id)
        )

    async def report(self, entries: Sequence[LogEntry], progress: int, replies: Sequence[str] = ()) -> bool:
        """Adds to the log and gives a sign of life; whether the task is still this run's to work on.

        ``replies``: what the agent says to the user, in lines that are among ``entries``.
        """
        values = {"last_heartbeat": func.now(), "progress": progress}
        return await self._write("processing", entries, values, replies)

    async def end(self, status: Ending, entries: Sequence[LogEntry], progress: int, error: str | None) -> bool:
        """Ends the task; False if somebody else has ended it before."""
        values = {"status": status, "error": error, "progress": progress, "completed_at": func.now(), "attempts": 0}
        return await self._write("processing", entries, values)

    async def give_back(self, entries: Sequence[LogEntry]) -> bool:
        """Lets the task wait to be run again: this runner is being closed, which says nothing about the task."""
        return await self._write("processing", entries, {"status": "pending", "attempts": Task.attempts - 1})

    async def acknowledge_stop(self, entries: Sequence[LogEntry]) -> bool:
        """Completes the row of a task that its user stopped or deleted."""
        return await self._write("stopped", entries, {"completed_at": func.now(), "attempts": 0})

    async def _write(
        self, expected: TaskStatus, entries: Sequence[LogEntry], values: dict[str, Any], replies: Sequence[str] = ()
    ) -> bool:
        """Trying again after an unknown outcome is safe: the log grows only if it is as long as it was."""
        at = self._length
        statement = update(Task).where(*self._ours(expected)).values(log_length=grown(entries, at=at), **values)
        if expected == "stopped":
            statement = with_deleted(statement)
        async with self._scope.transaction() as transaction:
            if not await transaction.all(statement.returning(Task.id)):
                return False
            if entries:
                await self._append(transaction, entries, at, replies)
            shown = (values.get("status", expected), values.get("progress", 0))
            if shown != self._shown:
                await revalidate(transaction, "tasks", f"tasks/{self._claim.key.id}")
        self._length, self._shown = self._length + len(entries), shown
        return True

    async def _append(
        self, transaction: ServiceScope, entries: Sequence[LogEntry], at: int, replies: Sequence[str]
    ) -> None:
        task_id = self._claim.key.id
        if await transaction.all(appended(task_id, entries, at=at)):
            await transaction.insert_all([_reply(task_id, each) for each in replies])

    def _ours(self, expected: TaskStatus) -> tuple[ColumnElement[bool], ...]:
        return Task.id == self._claim.key.id, Task.agent_session_id == self._claim.run, Task.status == expected


def _reply(task_id: str, content: str) -> TaskMessage:
    message = TaskMessage(task_id=task_id, content=content)
    message.role = "agent"
    return message


def entry(type_: LogType, message: str) -> LogEntry:
    """A log entry of now."""
    return LogEntry(type=type_, message=message, timestamp=datetime.now(UTC))


def _texts(sealed: Sealed[Any]) -> list[str]:
    try:
        value: Any = sealed.reveal()
    except SealError:
        return []
    return [value] if isinstance(value, str) else list(value.values())
