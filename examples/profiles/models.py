"""The one table of this application: a profile for each user."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from freehold import Col, Model, column, created_at, owner, primary_key, updated_at


class Profile(Model):
    """What a user tells about themselves; nobody else sees it."""

    __tablename__ = "profiles"

    id: Col[UUID] = primary_key()
    user_id: Col[UUID] = owner(unique=True)
    email: Col[str] = column(update=False)
    full_name: Col[str | None] = column(default=None)
    created_at: Col[datetime] = created_at()
    updated_at: Col[datetime] = updated_at()
