"""The table that is measured: an owned table of nine columns, declared with freehold and protected as it protects."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import func

from freehold import Col, Command, Model, Policy, Role, column, created_at, owner, primary_key, updated_at

Status = Literal["pending", "processing", "completed"]


class Task(Model):
    """Somebody's task. The other peers declare the same table in their own words."""

    __tablename__ = "tasks"

    id: Col[UUID] = primary_key()
    user_id: Col[UUID] = owner()
    title: Col[str]
    status: Col[Status] = column(default="pending")
    priority: Col[int] = column(default=0)
    starred: Col[bool] = column(default=False)
    notes: Col[str | None] = column(default=None)
    created_at: Col[datetime] = created_at()
    updated_at: Col[datetime] = updated_at()


class Nap(Model):
    """A row that takes 200 ms to read: an ordinary statement that happens to be slow."""

    __tablename__ = "naps"
    __policies__ = (Policy(Command.SELECT, to=Role.AUTHENTICATED, using=lambda _: func.pg_sleep(0.2).is_not(None)),)

    id: Col[UUID] = primary_key(scope="global")
