"""The tables of limits, for a migration: import them in the module of your models.

    from freehold.limits.tables import BurstUse as BurstUse, DailyUse as DailyUse

Each row is one user's, by the owner policies; a caller cannot delete it. They have a ``MetaData`` of their own, so an
application that counts nothing has none of them.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar, Final

from sqlalchemy import MetaData

from freehold.models import Model, owner, primary_key, schema
from freehold.policies import Command
from freehold.typing import Col

metadata: Final = schema()
_KEPT: Final = (Command.SELECT, Command.INSERT, Command.UPDATE)


class _Counted(Model):
    __abstract__ = True
    metadata: ClassVar[MetaData] = metadata


class DailyUse(_Counted):
    """How much of a quota a user used on the last day of use."""

    __tablename__ = "freehold_daily_uses"

    id: Col[str] = primary_key()
    user_id: Col[str] = owner(commands=_KEPT)
    day: Col[date]
    used: Col[int]


class BurstUse(_Counted):
    """When a user's burst will be whole again: the theoretical arrival time of GCRA."""

    __tablename__ = "freehold_burst_uses"

    id: Col[str] = primary_key()
    user_id: Col[str] = owner(commands=_KEPT)
    whole_at: Col[datetime]
