"""What a runner writes: each statement says which state it expects, and changes nothing in any other.

A claim names a run (``agent_session_id``), and everything written afterwards asks for that run: a runner that was
thought dead and wakes up again finds that the task is no longer its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, func, literal, select, union_all, update
from sqlalchemy.dialects.postgresql import INTERVAL

from examples.coding_agents.changes import TaskKey
from examples.coding_agents.documents import LogEntry, LogType
from examples.coding_agents.logs import appended, length_of_log
from examples.coding_agents.models import Account, Agent, Connector, Key, Task, TaskStatus, User
from examples.coding_agents.scrub import Scrubber
from freehold.models import text_id
from freehold.scope import Database, ServiceScope, with_deleted

Ending = Literal["completed", "error"]

INTERRUPTED: Final = "The task was interrupted: the program that ran it ended before the task did."


@dataclass(frozen=True, repr=False)
class Claim:
    """A task that this process runs; ``position`` is the length of its log when the run began."""

    key: TaskKey
    run: str
    prompt: str
    repo_url: str | None
    source_branch: str | None
    agent: Agent
    model: str | None
    max_duration: int
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
            length_of_log(),
        )
    )
    service = db.as_service(reason="claim a pending task", all_users=True)
    claimed: list[Any] = await service.all(statement)
    for user_id, id_, prompt, repo_url, branch, agent, model, minutes, position in claimed:
        return Claim(TaskKey(user_id, id_), run, prompt, repo_url, branch, agent, model, minutes, position)
    return None


async def end_interrupted(db: Database, stale: float) -> list[TaskKey]:
    """Ends, as errors, the tasks whose runner has been silent for ``stale`` seconds.

    They are not run again by themselves: an agent that was half-way has pushed commits and spent money, and only the
    user can say whether a second attempt is wanted.
    """
    silent = literal(timedelta(seconds=stale), INTERVAL())
    statement = (
        update(Task)
        .where(Task.status == "processing", func.coalesce(Task.last_heartbeat, Task.updated_at) < func.now() - silent)
        .values(
            status="error",
            error=INTERRUPTED,
            completed_at=func.now(),
            logs=appended([entry("error", INTERRUPTED)]),
        )
        .returning(Task.user_id, Task.id)
    )
    service = db.as_service(reason="end interrupted tasks", all_users=True)
    return [TaskKey(user_id, id_) for user_id, id_ in await service.all(statement)]


class Journal:
    """Reports on one run. Only this run writes the log of its task, so it knows how long the log is."""

    def __init__(self, db: Database, claim: Claim) -> None:
        self._scope: ServiceScope = db.as_service(reason="run a task", owner=claim.key.user_id)
        self._claim = claim
        self._length = claim.position

    async def scrubber(self) -> Scrubber:
        """Knows the secrets of the task's owner."""
        secrets = (
            Key.value,
            Account.access_token,
            Account.refresh_token,
            User.access_token,
            User.refresh_token,
            Connector.oauth_client_secret,
            Connector.env,
        )
        return Scrubber(await self._scope.all(union_all(*(select(each) for each in secrets))))

    async def report(self, entries: Sequence[LogEntry], progress: int) -> bool:
        """Adds to the log and gives a sign of life; whether the task is still this run's to work on."""
        values = {"last_heartbeat": func.now(), "progress": progress}
        return await self._write("processing", entries, values)

    async def end(self, status: Ending, entries: Sequence[LogEntry], progress: int, error: str | None) -> bool:
        """Ends the task; False if somebody else has ended it before."""
        values = {"status": status, "error": error, "progress": progress, "completed_at": func.now()}
        return await self._write("processing", entries, values)

    async def acknowledge_stop(self, entries: Sequence[LogEntry]) -> bool:
        """Completes the row of a task that its user stopped or deleted."""
        return await self._write("stopped", entries, {"completed_at": func.now()})

    async def _write(self, expected: TaskStatus, entries: Sequence[LogEntry], values: dict[str, Any]) -> bool:
        """Trying again after an unknown outcome is safe: the log grows only if it is as long as it was."""
        statement = update(Task).where(*self._ours(expected))
        if entries:
            values = {**values, "logs": appended(entries, at=self._length)}
        statement = statement.values(values)
        if expected == "stopped":
            statement = with_deleted(statement)
        written = bool(await self._scope.all(statement.returning(Task.id)))
        if written:
            self._length += len(entries)
        return written

    def _ours(self, expected: TaskStatus) -> tuple[ColumnElement[bool], ...]:
        return Task.id == self._claim.key.id, Task.agent_session_id == self._claim.run, Task.status == expected


def entry(type_: LogType, message: str) -> LogEntry:
    """A log entry of now."""
    return LogEntry(type=type_, message=message, timestamp=datetime.now(UTC))
