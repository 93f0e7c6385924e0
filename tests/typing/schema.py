"""Models for the typing tests: checked, never run."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from freehold import (
    Col,
    Model,
    Sealed,
    belongs_to,
    column,
    created_at,
    deleted_at,
    json,
    owner,
    primary_key,
    schema,
    sealed,
    updated_at,
)

Status = Literal["pending", "completed"]


class LogEntry(BaseModel):
    message: str


class Base(Model):
    __abstract__ = True
    metadata = schema()


class Task(Base):
    __tablename__ = "tasks"

    id: Col[UUID] = primary_key()
    user_id: Col[UUID] = owner()
    title: Col[str]
    note: Col[str | None] = column(default=None)
    priority: Col[int] = column(default=0)
    status: Col[Status] = column(default="pending")
    logs: Col[list[LogEntry]] = json(default_factory=list)
    external_ref: Col[str | None] = column(default=None, init=False, insert=False, update=False)
    created_at: Col[datetime] = created_at()
    updated_at: Col[datetime] = updated_at()
    deleted_at: Col[datetime | None] = deleted_at()


class Message(Base):
    __tablename__ = "messages"

    id: Col[UUID] = primary_key()
    user_id: Col[UUID] = owner()
    task_id: Col[UUID] = belongs_to(Task)
    content: Col[str]


class Setting(Base):
    __tablename__ = "settings"

    id: Col[str] = primary_key()
    user_id: Col[str] = owner()
    value: Col[str]


class Secret(Base):
    __tablename__ = "secrets"

    id: Col[UUID] = primary_key()
    user_id: Col[UUID] = owner()
    value: Col[Sealed[str]] = sealed(index=True)
    env: Col[Sealed[dict[str, str]] | None] = sealed(default=None)
