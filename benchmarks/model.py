"""The table that is measured: an owned table of nine columns, declared with freehold and protected as it protects."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from freehold import Col, Model, column, created_at, owner, primary_key, updated_at

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
