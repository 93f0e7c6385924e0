"""What goes in and out over HTTP: the models' columns, narrowed. Nobody sends what is not here, or sees anything else."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from examples.coding_agents.documents import LogEntry
from examples.coding_agents.models import LONGEST_DURATION, Task, TaskMessage, TaskStatus, User
from examples.coding_agents.paging import CURSOR
from freehold.schemas import InsertSchema, SelectSchema

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
After = Annotated[str, StringConstraints(pattern=CURSOR), Field(description="The `next` of the page before.")]
# Something to read: it does not consist of spaces, and PostgreSQL can store it.
Words = StringConstraints(strip_whitespace=True, min_length=1, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")


def _whole(value: object) -> object:
    """JSON does not tell 5 from 5.0, nor does JSON Schema."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE: Final = BeforeValidator(_whole)

_OF_THE_RUNNER = frozenset(
    {"log_length", "attempts", "sandbox_id", "agent_session_id", "last_heartbeat", "heartbeat_extension_count"}
)


class Given(BaseModel):
    """What inputs have in common: an unknown field is an error."""

    model_config = ConfigDict(extra="forbid")


class Me(SelectSchema[User], omit={"external_id", "scope", "updated_at"}):
    """The caller."""


class Which(Given):
    """Which page of a list."""

    after: After | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20


class CreateTask(InsertSchema[Task], omit={"branch_name"}):
    """What to ask an agent to do."""

    prompt: Annotated[str, Words, Field(max_length=20_000)]
    title: Annotated[str, Words, Field(max_length=200)] | None = None
    repo_url: Annotated[str, StringConstraints(pattern=r"^https://[^\s\x00]+$", max_length=500)] | None = None
    source_branch: Annotated[str, Words, Field(max_length=255)] | None = None
    selected_model: Annotated[str, Words, Field(max_length=100)] | None = None
    max_duration: Annotated[int, Field(ge=1, le=LONGEST_DURATION, description="Minutes."), WHOLE] = LONGEST_DURATION
    mcp_server_ids: Annotated[list[Id], Field(max_length=50)] = Field(default_factory=list)


class TaskOut(SelectSchema[Task], omit={"user_id", "logs", "deleted_at", "pr_merge_commit_sha", *_OF_THE_RUNNER}):
    """A task, without its log."""


class TaskPage(BaseModel):
    """Tasks, the newest first; ``next`` is for ``after``, and null at the end."""

    tasks: list[TaskOut]
    next: str | None


class WithStatus(Given):
    """Which tasks."""

    status: TaskStatus


class Deleted(BaseModel):
    """How many there were."""

    deleted: int


class NewMessage(Given):
    """Something to tell the agent."""

    content: Annotated[str, Words, Field(max_length=20_000)]


class MessageOut(SelectSchema[TaskMessage], only={"id", "role", "content", "created_at"}):
    """A message about a task."""


class MessagePage(BaseModel):
    """Messages, the oldest first; ``next`` is for ``after``, and null at the end."""

    messages: list[MessageOut]
    next: str | None


class WhichLines(Given):
    """Which entries of a log: those that follow number ``after``."""

    after: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    limit: Annotated[int, Field(ge=1, le=100)] = 100


class LogOut(BaseModel):
    """Part of a log. Its entries are numbered from 1; ``next`` is the number for ``after``, and null at the end."""

    entries: list[LogEntry]
    first: int
    total: int
    next: int | None
