"""The tables of the platform, and what their owners may do with them.

Every row belongs to a user, and nobody but that user sees it; that is what `owner` gives. What is narrower than that
is narrower for one of three reasons:

*The row says what somebody else vouched for.* A user or a linked account exists because a provider said so, at
sign-in; whoever could insert or change one would be whoever they liked. An API token exists because the platform made
it and hashed it: a plain INSERT would mint one beyond the limit, or one that is good for more than the token it was
made with, and an UPDATE would prolong it. So callers read these rows (`users`, `accounts`, `api_tokens`), may unlink an account and
revoke a token, and the service writes the rest. A user is erased by the service, which has more to do than one DELETE.

*The column is the platform's.* What a task was asked is fixed when it is created; how it goes (``status``, ``logs``,
``progress``, ``sandbox_*``, ``pr_*`` ...) is written by the runner. Callers have no privilege to name those columns,
so a mass assignment fails in PostgreSQL even where the HTTP layer would let it through. A message is the user's as it
was sent: callers cannot sign one as the agent, nor rewrite it. In `settings` the limits of a user are kept too, so
its policies leave those keys to the service.

*The value is a secret.* Tokens, keys and a connector's secrets are sealed: whoever reads the row, its owner included,
gets ciphertext, which opens in this program, for this owner and row. So owners may set their keys and their connectors'
secrets, and a CHECK refuses anything that is not sealed. Of an API token only the hash is kept, which no caller reads.

Stopping, continuing and deleting a task are the user's own doing, in the user's own scope: the web process needs no
service login for them, and the row is the message, which reaches a runner on whichever machine it is. For that callers
may UPDATE ``status`` and ``deleted_at`` of a task, nothing else, and only so that the row ends up stopped, waiting to be
run, or deleted (the policy of `Task`). One statement checks whose the row is and writes it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Final, Literal

from sqlalchemy import CheckConstraint, ColumnElement, Index, UniqueConstraint, or_, text

from examples.coding_agents.documents import LogEntry, SubAgentActivity
from freehold.actions.tables import IdempotencyKey, Tag
from freehold.auth import ApiTokenTable, SessionTable
from freehold.encryption import Sealed
from freehold.limits.tables import DailyUse
from freehold.models import (
    Model,
    Policy,
    belongs_to,
    column,
    created_at,
    deleted_at,
    json,
    owner,
    primary_key,
    sealed,
    updated_at,
)
from freehold.policies import Access, Command
from freehold.typing import Col

SignInProvider = Literal["github", "vercel"]
AccountProvider = Literal["github"]
KeyProvider = Literal["anthropic", "openai", "cursor", "gemini", "aigateway", "github"]
Agent = Literal["claude", "codex", "copilot", "cursor", "gemini", "opencode"]
TaskStatus = Literal["pending", "processing", "completed", "error", "stopped"]
PullRequestStatus = Literal["open", "closed", "merged"]
MessageRole = Literal["user", "agent"]
ConnectorType = Literal["local", "remote"]
ConnectorStatus = Literal["connected", "disconnected"]

LONGEST_DURATION: Final = 300
"""Minutes."""

MESSAGES_A_DAY: Final = "maxMessagesPerDay"
LIMIT_SETTINGS: Final = (MESSAGES_A_DAY,)
"""The keys of `settings` that limit a user, and so are not the user's to write."""

KEPT: Final = (IdempotencyKey, Tag, DailyUse)
"""Tables that actions keep for each user; `freehold generate` finds them here."""

_READ_AND_REMOVE: Final = (Command.SELECT, Command.DELETE)


def _stopped_waiting_or_deleted(t: Any) -> ColumnElement[bool]:
    return or_(t.status.in_(("stopped", "pending")), t.deleted_at.is_not(None))


def _preference(t: Any) -> ColumnElement[bool]:
    preference: ColumnElement[bool] = t.key.not_in(LIMIT_SETTINGS)
    return preference


class User(Model):
    """Somebody who signed in with a provider."""

    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("provider", "external_id"),)

    id: Col[str] = owner(primary_key=True, commands=(Command.SELECT,))
    provider: Col[SignInProvider]
    external_id: Col[str]
    access_token: Col[Sealed[str]] = sealed(insert=False, update=False)
    refresh_token: Col[Sealed[str] | None] = sealed(default=None, insert=False, update=False)
    scope: Col[str | None] = column(default=None)
    username: Col[str]
    email: Col[str | None] = column(default=None)
    name: Col[str | None] = column(default=None)
    avatar_url: Col[str | None] = column(default=None)
    created_at: Col[datetime] = created_at()
    updated_at: Col[datetime] = updated_at()
    last_login_at: Col[datetime | None] = column(default=None)


class Account(Model):
    """A further account at a provider, linked to a user."""

    __tablename__ = "accounts"
    __table_args__ = (UniqueConstraint("user_id", "provider"),)

    id: Col[str] = primary_key()
    user_id: Col[str] = owner(User, commands=_READ_AND_REMOVE)
    provider: Col[AccountProvider] = column(default="github")
    external_user_id: Col[str]
    access_token: Col[Sealed[str]] = sealed(insert=False, update=False)
    refresh_token: Col[Sealed[str] | None] = sealed(default=None, insert=False, update=False)
    expires_at: Col[datetime | None] = column(default=None)
    scope: Col[str | None] = column(default=None)
    username: Col[str]
    created_at: Col[datetime] = created_at()
    updated_at: Col[datetime] = updated_at()


class Key(Model):
    """A user's key for a provider of models."""

    __tablename__ = "keys"
    __table_args__ = (UniqueConstraint("user_id", "provider"),)

    id: Col[str] = primary_key()
    user_id: Col[str] = owner(User)
    provider: Col[KeyProvider]
    value: Col[Sealed[str]] = sealed()
    created_at: Col[datetime] = created_at()
    updated_at: Col[datetime] = updated_at()


class ApiToken(ApiTokenTable):
    """A token for programs; only its SHA-256 is kept, and no caller reads that."""

    __tablename__ = "api_tokens"
    __claims__: ClassVar = {"email": User.email}

    user_id: Col[str] = owner(User, commands=_READ_AND_REMOVE)


class Session(SessionTable):
    """A browser that somebody is signed in with."""

    __tablename__ = "sessions"
    __claims__: ClassVar = {"email": User.email}

    user_id: Col[str] = owner(User, commands=(Command.SELECT,))


class Task(Model):
    """Something an agent is asked to do in a repository."""

    __tablename__ = "tasks"
    __table_args__ = (
        UniqueConstraint("user_id", "branch_name"),
        CheckConstraint("progress BETWEEN 0 AND 100", name="progress"),
        CheckConstraint(f"max_duration BETWEEN 1 AND {LONGEST_DURATION}", name="max_duration"),
        Index(
            "ix_tasks_user_id_created_at",
            "user_id",
            text("created_at DESC"),
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index(None, "user_id", "status"),
        # What runners look for, whosever it is: as small as the number of tasks that are waiting or running.
        Index(
            "ix_tasks_status_created_at_live",
            "status",
            "created_at",
            postgresql_where=text("status IN ('pending', 'processing') AND deleted_at IS NULL"),
        ),
    )
    __policies__ = (Policy(Command.UPDATE, owned=True, check=_stopped_waiting_or_deleted),)

    id: Col[str] = primary_key()
    user_id: Col[str] = owner(User, commands=(Command.SELECT, Command.INSERT))
    prompt: Col[str] = column(update=False)
    title: Col[str | None] = column(default=None, update=False)
    repo_url: Col[str | None] = column(default=None, update=False)
    selected_agent: Col[Agent] = column(default="claude", update=False)
    selected_model: Col[str | None] = column(default=None, update=False)
    install_dependencies: Col[bool] = column(default=False, update=False)
    max_duration: Col[int] = column(default=LONGEST_DURATION, update=False)
    keep_alive: Col[bool] = column(default=False, update=False)
    status: Col[TaskStatus] = column(default="pending", insert=False)
    progress: Col[int] = column(default=0, insert=False, update=False)
    logs: Col[list[LogEntry]] = json(default_factory=list, insert=False, update=False)
    log_length: Col[int] = column(default=0, insert=False, update=False)
    attempts: Col[int] = column(default=0, insert=False, update=False)
    error: Col[str | None] = column(default=None, insert=False, update=False)
    branch_name: Col[str | None] = column(default=None, update=False)
    source_branch: Col[str | None] = column(default=None, update=False)
    sandbox_id: Col[str | None] = column(default=None, insert=False, update=False)
    agent_session_id: Col[str | None] = column(default=None, insert=False, update=False)
    sandbox_url: Col[str | None] = column(default=None, insert=False, update=False)
    preview_url: Col[str | None] = column(default=None, insert=False, update=False)
    pr_url: Col[str | None] = column(default=None, insert=False, update=False)
    pr_number: Col[int | None] = column(default=None, insert=False, update=False)
    pr_status: Col[PullRequestStatus | None] = column(default=None, insert=False, update=False)
    pr_merge_commit_sha: Col[str | None] = column(default=None, insert=False, update=False)
    mcp_server_ids: Col[list[str]] = json(default_factory=list, update=False)
    sub_agent_activity: Col[list[SubAgentActivity]] = json(default_factory=list, insert=False, update=False)
    current_sub_agent: Col[str | None] = column(default=None, insert=False, update=False)
    last_heartbeat: Col[datetime | None] = column(default=None, insert=False, update=False)
    heartbeat_extension_count: Col[int] = column(default=0, insert=False, update=False)
    created_at: Col[datetime] = created_at()
    updated_at: Col[datetime] = updated_at()
    completed_at: Col[datetime | None] = column(default=None, insert=False, update=False)
    deleted_at: Col[datetime | None] = deleted_at()


class LogChunk(Model):
    """Entries of a task's log that were written at once; ``last`` is the number of the last of them, from 1."""

    __tablename__ = "task_log_chunks"
    __table_args__ = (UniqueConstraint("user_id", "task_id", "last"),)

    id: Col[str] = primary_key()
    user_id: Col[str] = owner(User, commands=(Command.SELECT,))
    task_id: Col[str] = belongs_to(Task, index=False)
    last: Col[int]
    entries: Col[list[LogEntry]] = json()
    created_at: Col[datetime] = created_at()


class TaskMessage(Model):
    """What the user and the agent say to each other about a task."""

    __tablename__ = "task_messages"
    __table_args__ = (Index(None, "user_id", "task_id", "created_at"),)

    id: Col[str] = primary_key()
    user_id: Col[str] = owner(User, commands=(Command.SELECT, Command.INSERT))
    task_id: Col[str] = belongs_to(Task, index=False)
    role: Col[MessageRole] = column(default="user", insert=False)
    content: Col[str]
    created_at: Col[datetime] = created_at()
    updated_at: Col[datetime] = updated_at()


class Connector(Model):
    """An MCP server that a user's agents may use."""

    __tablename__ = "connectors"
    __table_args__ = (UniqueConstraint("user_id", "name"),)

    id: Col[str] = primary_key()
    user_id: Col[str] = owner(User)
    name: Col[str]
    description: Col[str | None] = column(default=None)
    type: Col[ConnectorType] = column(default="remote")
    base_url: Col[str | None] = column(default=None)
    oauth_client_id: Col[str | None] = column(default=None)
    oauth_client_secret: Col[Sealed[str] | None] = sealed(default=None)
    command: Col[str | None] = column(default=None)
    env: Col[Sealed[dict[str, str]] | None] = sealed(default=None)
    status: Col[ConnectorStatus] = column(default="disconnected")
    created_at: Col[datetime] = created_at()
    updated_at: Col[datetime] = updated_at()


class Setting(Model):
    """One preference of a user, or one limit that the platform keeps for a user."""

    __tablename__ = "settings"
    __table_args__ = (UniqueConstraint("user_id", "key"),)
    __policies__ = (
        Policy(Command.INSERT, owned=True, check=_preference),
        Policy(Command.UPDATE, owned=True, using=_preference),
        Policy(Command.DELETE, owned=True, using=_preference),
    )

    id: Col[str] = primary_key()
    user_id: Col[str] = owner(User, commands=(Command.SELECT,))
    key: Col[str]
    value: Col[str]
    created_at: Col[datetime] = created_at()
    updated_at: Col[datetime] = updated_at()


class PlatformSetting(Model):
    """What the platform sets for everybody. The service writes it, and anybody may know."""

    __tablename__ = "platform_settings"
    __access__ = Access.PUBLIC_READ

    id: Col[str] = primary_key()
    key: Col[str] = column(unique=True)
    value: Col[str]
    created_at: Col[datetime] = created_at()
    updated_at: Col[datetime] = updated_at()
