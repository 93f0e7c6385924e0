"""The tables of actions, for a migration: import those you use in the module of your models.

    from freehold.actions.tables import IdempotencyKey as IdempotencyKey, Tag as Tag

`Tag` for actions with ``tags`` or ``touches``, `IdempotencyKey` for those with ``idempotent=True``. Each row is one
user's, by the owner policies. They have ``MetaData`` of their own, so an application without them has no such tables.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Final

from sqlalchemy import MetaData

from freehold.models import Model, column, json, owner, primary_key, schema
from freehold.policies import Command
from freehold.typing import Col

metadata: Final = schema()


class _Kept(Model):
    __abstract__ = True
    metadata: ClassVar[MetaData] = metadata


class IdempotencyKey(_Kept):
    """A request that was answered, and its answer, until it expires. ``id`` is a digest of action and key."""

    __tablename__ = "freehold_idempotency_keys"

    id: Col[str] = primary_key()
    user_id: Col[str] = owner()
    request: Col[str]
    status: Col[int]
    headers: Col[dict[str, str]] = json(default_factory=dict)
    body: Col[bytes]
    expires_at: Col[datetime] = column()


class Tag(_Kept):
    """The version of what a user reads under a name; it only grows."""

    __tablename__ = "freehold_tags"

    id: Col[str] = primary_key()
    user_id: Col[str] = owner(commands=(Command.SELECT, Command.INSERT, Command.UPDATE))
    version: Col[int]
