"""A statement that goes ahead of what a scope runs first, in the same round trip, and may make the rest needless."""

# pyright: reportPrivateUsage=false
# ruff: noqa: SLF001

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, Text, cast, literal
from sqlalchemy.sql.functions import Function

from freehold.scope.executor import Executor, TransactionExecutor
from freehold.scope.plan import Call
from freehold.scope.scope import Scope

S = TypeVar("S", bound=Scope)

_SETTING: Final = "freehold.needless"
# The condition names no column, so PostgreSQL decides it once and never starts what is materialized; and what is
# materialized keeps its order.
_SKIPPED: Final = b"WITH freehold_first AS MATERIALIZED (%b) SELECT * FROM freehold_first WHERE %b"
_UNLESS: Final = f"current_setting('{_SETTING}') <> 'true'".encode()


class NeedlessError(Exception):
    """The statement that went ahead said so: nothing else was read, and whoever sent it knows what to answer."""


class Needless(Function[str]):
    """A column of the statement that goes ahead: 'true' if its condition makes the rest needless."""

    inherit_cache = True
    shares = True  # local to the transaction

    def __init__(self, condition: ColumnElement[bool]) -> None:
        super().__init__("set_config", literal(_SETTING, Text), cast(condition, Text), literal(True), type_=Text())


class Ahead:
    """An executor that sends one call of its own ahead.

    ``row``: what that gave, None before anything ran. ``first``: whether nothing was read elsewhere before.
    """

    def __init__(self, executor: Executor, call: Call, *, skips: bool) -> None:
        self.row: Any = None
        self.first = True
        self._skips = skips
        self._executor = executor
        self._call = call
        self._lock = asyncio.Lock()

    @property
    def needless(self) -> bool:
        """Whether it said that nothing else need run."""
        return self.row is not None and "true" in self.row

    def bypass(self) -> None:
        """Something may be read that does not pass here."""
        self.first = self.first and self.row is not None

    async def run(self, calls: Sequence[Call]) -> list[list[Any]]:
        """The rows of each call; raises `NeedlessError` where there is no need."""
        if all(call.plan.reads for call in calls):
            async with self._lock:  # nobody else may read before it
                if self.row is None:
                    others = map(_skippable, calls) if self._skips else calls
                    ahead, *results = await self._executor.run([self._call, *others])
                    self._take(ahead)
                    return results
        await self.alone()
        return await self._executor.run(calls)

    async def alone(self) -> None:
        """Sends it by itself, unless it was sent; raises as `run` does."""
        async with self._lock:
            if self.row is None:
                (rows,) = await self._executor.run([self._call])
                self._take(rows)

    def _take(self, rows: list[Any]) -> None:
        (self.row,) = rows
        if self.needless:
            raise NeedlessError

    async def raw(self, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The rows of one statement given as text."""
        await self.alone()
        return await self._executor.raw(sql, values)

    @asynccontextmanager
    async def transaction(self, **options: Any) -> AsyncGenerator[TransactionExecutor]:
        """A transaction, which begins afterwards."""
        await self.alone()
        async with self._executor.transaction(**options) as executor:
            yield executor

    def __getattr__(self, name: str) -> Any:
        return getattr(self._executor, name)


class _Door:
    """The way to a session, which begins afterwards; not to a replica, which may be behind what went ahead."""

    replica = None

    def __init__(self, door: Any, ahead: Ahead) -> None:
        self._door = door
        self._ahead = ahead

    def session(self, *arguments: Any) -> AbstractAsyncContextManager[Any]:
        return self._opened(arguments)

    @asynccontextmanager
    async def _opened(self, arguments: tuple[Any, ...]) -> AsyncGenerator[Any]:
        await self._ahead.alone()
        async with self._door.session(*arguments) as session:
            yield session

    def __getattr__(self, name: str) -> Any:
        return getattr(self._door, name)


def ahead_of(scope: S, statement: Any, *, skips: bool) -> tuple[S, Ahead]:
    """The same scope with ``statement``, which gives one row, sent ahead; and where its row will be.

    ``skips``: whether it has a column `Needless` that may be true.
    """
    ahead = Ahead(scope._executor, scope._plan(statement), skips=skips)
    led: Any = copy.copy(scope)
    led._executor, led._door = ahead, _Door(scope._door, ahead)
    return led, ahead


def _skippable(call: Call) -> Call:
    return call._replace(sql=_SKIPPED % (call.sql, _UNLESS))
