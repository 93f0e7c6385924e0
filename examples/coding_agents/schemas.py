"""What goes in and out over HTTP. Nobody can send what is not here, and nothing else is sent to anybody."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from examples.coding_agents.documents import LogEntry, SubAgentActivity
from examples.coding_agents.models import (
    LONGEST_DURATION,
    Agent,
    MessageRole,
    PullRequestStatus,
    SignInProvider,
    TaskStatus,
)

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
TaskId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
After = Annotated[str | None, Query(max_length=200, description="The `next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=100)]
Words = StringConstraints(strip_whitespace=True, min_length=1, pattern=r"^[^\x00]*$")


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class SignIn(_In):
    """Who to be, in development."""

    user_id: Id


class SignedIn(_Out):
    """The session, for the header ``Authorization: Bearer``; it is also set as a cookie."""

    token: str


class Me(_Out):
    """The caller."""

    id: str
    provider: SignInProvider
    username: str
    email: str | None
    name: str | None
    avatar_url: str | None
    created_at: AwareDatetime


class CreateTask(_In):
    """What to ask an agent to do."""

    prompt: Annotated[str, Words, Field(max_length=20_000)]
    title: Annotated[str, Words, Field(max_length=200)] | None = None
    repo_url: Annotated[str, StringConstraints(pattern=r"^https://[^\s\x00]+$", max_length=500)] | None = None
    source_branch: Annotated[str, Words, Field(max_length=255)] | None = None
    selected_agent: Agent = "claude"
    selected_model: Annotated[str, Words, Field(max_length=100)] | None = None
    install_dependencies: bool = False
    max_duration: Annotated[int, Field(ge=1, le=LONGEST_DURATION, description="Minutes.")] = LONGEST_DURATION
    keep_alive: bool = False
    mcp_server_ids: Annotated[list[Id], Field(max_length=50)] = []


class TaskOut(_Out):
    """A task, without its log."""

    id: str
    prompt: str
    title: str | None
    repo_url: str | None
    source_branch: str | None
    branch_name: str | None
    selected_agent: Agent
    selected_model: str | None
    install_dependencies: bool
    max_duration: int
    keep_alive: bool
    mcp_server_ids: list[str]
    status: TaskStatus
    progress: int
    error: str | None
    sandbox_url: str | None
    preview_url: str | None
    pr_url: str | None
    pr_number: int | None
    pr_status: PullRequestStatus | None
    sub_agent_activity: list[SubAgentActivity]
    current_sub_agent: str | None
    created_at: AwareDatetime
    updated_at: AwareDatetime
    completed_at: AwareDatetime | None


class TaskPage(_Out):
    """Tasks, the newest first; ``next`` is for ``after``, and null at the end."""

    tasks: list[TaskOut]
    next: str | None


class CreateMessage(_In):
    """Something to tell the agent."""

    content: Annotated[str, Words, Field(max_length=20_000)]


class MessageOut(_Out):
    """A message about a task."""

    id: str
    role: MessageRole
    content: str
    created_at: AwareDatetime


class MessagePage(_Out):
    """Messages, the oldest first; ``next`` is for ``after``, and null at the end."""

    messages: list[MessageOut]
    next: str | None


class LogOut(_Out):
    """Part of a log. Its entries are numbered from 1; ``next`` is the number for ``after``, and null at the end."""

    entries: list[LogEntry]
    first: int
    total: int
    next: int | None
