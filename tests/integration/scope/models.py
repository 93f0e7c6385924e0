"""Models with one of everything that a scope treats in its own way."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import UniqueConstraint, or_, select

from freehold import (
    Access,
    Col,
    Command,
    Model,
    Policy,
    Role,
    belongs_to,
    caller_id,
    column,
    created_at,
    deleted_at,
    json,
    owner,
    primary_key,
    schema,
    updated_at,
)


class Base(Model):
    """Tables of their own, beside those of other tests."""

    __abstract__ = True
    metadata = schema()


class LogEntry(BaseModel):
    """One line of a task's log."""

    type: Literal["info", "error"]
    message: str


class User(Base):
    """A row that is its own owner."""

    __tablename__ = "users"

    id: Col[str] = owner(primary_key=True)
    name: Col[str | None] = column(default=None)


class Task(Base):
    """Soft-deleted, with a document, choices, and a column that callers may not write."""

    __tablename__ = "tasks"
    __table_args__ = (UniqueConstraint("user_id", "title"),)

    id: Col[str] = primary_key()
    user_id: Col[str] = owner(User)
    title: Col[str]
    status: Col[Literal["pending", "processing", "completed"]] = column(default="pending")
    priority: Col[int] = column(default=0)
    logs: Col[list[LogEntry]] = json(default_factory=list)
    external_ref: Col[str | None] = column(default=None, insert=False, update=False)
    created_at: Col[datetime] = created_at()
    updated_at: Col[datetime] = updated_at()
    deleted_at: Col[datetime | None] = deleted_at()


class Message(Base):
    """Belongs to a task of the same owner."""

    __tablename__ = "messages"

    id: Col[str] = primary_key()
    user_id: Col[str] = owner(User)
    task_id: Col[str] = belongs_to(Task)
    content: Col[str]


class Credential(Base):
    """A column that callers may write and never read."""

    __tablename__ = "credentials"

    id: Col[UUID] = primary_key()
    user_id: Col[UUID] = owner()
    provider: Col[str] = column(unique=True)
    value: Col[str] = column(select=False)
    sealed: Col[str | None] = column(default=None, select=False, insert=False, update=False)
    checked: Col[str | None] = column(default=None, insert=False, update=False)


class Profile(Base):
    """One row per user, whose ids are UUIDs."""

    __tablename__ = "profiles"

    id: Col[UUID] = primary_key()
    user_id: Col[UUID] = owner(unique=True)
    email: Col[str]


class Token(Base):
    """A key that is unique among all users."""

    __tablename__ = "tokens"

    id: Col[str] = primary_key(scope="global")
    user_id: Col[str] = owner()
    hint: Col[str]


class Event(Base):
    """Owners add and read; only the service changes and removes."""

    __tablename__ = "events"

    id: Col[str] = primary_key()
    user_id: Col[str] = owner(commands={Command.SELECT, Command.INSERT})
    kind: Col[str]


class Note(Base):
    """A row may be shared with everybody who is signed in."""

    __tablename__ = "notes"
    __policies__ = (
        Policy(
            Command.SELECT,
            to=Role.AUTHENTICATED,
            using=lambda t: or_(t.user_id == caller_id(), t.shared),
        ),
    )

    id: Col[str] = primary_key()
    user_id: Col[str] = owner()
    text: Col[str]
    shared: Col[bool] = column(default=False)


class Member(Base):
    """Who belongs to which team; the service decides."""

    __tablename__ = "members"

    id: Col[str] = primary_key()
    user_id: Col[str] = owner(commands={Command.SELECT})
    team: Col[str]


class Board(Base):
    """Seen by the members of its team: a policy that looks into another table."""

    __tablename__ = "boards"
    __policies__ = (
        Policy(
            Command.SELECT,
            to=Role.AUTHENTICATED,
            using=lambda t: select(Member.id).where(Member.team == t.team, Member.user_id == caller_id()).exists(),
        ),
    )

    id: Col[str] = primary_key()
    team: Col[str]
    title: Col[str]


class Announcement(Base):
    """Everybody reads."""

    __tablename__ = "announcements"
    __access__ = Access.PUBLIC_READ

    id: Col[str] = primary_key()
    text: Col[str]


class Job(Base):
    """Only the service."""

    __tablename__ = "jobs"
    __access__ = Access.SERVICE_ONLY

    id: Col[str] = primary_key()
    payload: Col[str]
