"""The tables of limits, for a migration: import them in the module of your models.

    from freehold.limits.tables import BurstUse as BurstUse, DailyUse as DailyUse

Each row is one user's, who may read it; it is counted by functions that come with the tables, which no SQL of the user's
can make lower. They have a ``MetaData`` of their own, so an application that counts nothing has none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, ClassVar, Final

from sqlalchemy import BigInteger, Boolean, DateTime, Double, MetaData, Text
from sqlalchemy.types import TypeEngine

from freehold.identity import Role
from freehold.models import DefinerFunction, Model, owner, primary_key, schema, table_of
from freehold.models.function import Declaration, function_body
from freehold.models.protection import qualified
from freehold.policies import Command
from freehold.typing import Col

metadata: Final = schema()
_READ: Final = (Command.SELECT,)


def daily_spending(model: type[Any]) -> DefinerFunction:
    """Counts one use of a quota: ``spent`` so far today, null if that would be more than ``most``."""
    returns: dict[str, TypeEngine[Any]] = {"spent": BigInteger(), "moment": DateTime(timezone=True)}
    return _spending(model, "daily_use_spend.sql", {"most": BigInteger()}, returns)


def burst_spending(model: type[Any]) -> DefinerFunction:
    """Counts one use of a burst: whether it was ``granted``, and how many seconds ``ahead`` it will be whole again."""
    returns: dict[str, TypeEngine[Any]] = {"granted": Boolean(), "ahead": Double()}
    return _spending(model, "burst_use_spend.sql", {"most": BigInteger(), "seconds": Double()}, returns)


def _spending(
    model: type[Any], file: str, arguments: Mapping[str, TypeEngine[Any]], returns: Mapping[str, TypeEngine[Any]]
) -> DefinerFunction:
    table = table_of(model)
    return DefinerFunction(
        schema=table.schema or "public",
        name=f"{table.name}_spend",
        arguments={"limit_name": Text(), **arguments},
        returns=returns,
        body=function_body("freehold.limits", file, table=qualified(table)),
        to=Role.AUTHENTICATED,
        opens={table: (Command.SELECT, Command.INSERT, Command.UPDATE)},
    )


class _Counted(Model):
    __abstract__ = True
    metadata: ClassVar[MetaData] = metadata


class DailyUse(_Counted):
    """How much of a quota a user used on the last day of use."""

    __tablename__ = "freehold_daily_uses"
    __functions__: ClassVar[tuple[Declaration, ...]] = (daily_spending,)

    id: Col[str] = primary_key()
    user_id: Col[str] = owner(commands=_READ)
    day: Col[date]
    used: Col[int]


class BurstUse(_Counted):
    """When a user's burst will be whole again: the theoretical arrival time of GCRA."""

    __tablename__ = "freehold_burst_uses"
    __functions__: ClassVar[tuple[Declaration, ...]] = (burst_spending,)

    id: Col[str] = primary_key()
    user_id: Col[str] = owner(commands=_READ)
    whole_at: Col[datetime]
