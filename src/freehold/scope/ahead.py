"""A scope that reads something first without a round trip of its own."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, LiteralString

from freehold.scope.executor import Isolation
from freehold.scope.scope import UserScope


class Ahead(UserScope):
    """The verbs of ``scope``; the first of them takes ``statement`` along, which PostgreSQL reads before the rest.

    `Ahead.rows` are its rows. What needs a connection of its own, such as a transaction, asks for them before.
    """

    def __init__(self, scope: UserScope, statement: Any) -> None:
        parts = (scope._caller, scope._executor, scope._planner, scope._door, scope._vault)  # noqa: SLF001
        super().__init__(*parts)
        self._scope = scope
        self._statement = statement
        self._gone = False
        self._rows: list[Any] | None = None

    @property
    def went(self) -> bool:
        """Whether anything was read, with the statement ahead of it."""
        return self._gone

    async def rows(self) -> list[Any]:
        """The rows of the statement, as they were before anything else was read."""
        if self._rows is None:
            self._gone = True
            (self._rows,) = await self._scope._plain_run(self._statement)  # noqa: SLF001 - the same class
        return self._rows

    async def raw(self, sql: LiteralString, /, *values: object) -> list[tuple[Any, ...]]:
        """As `UserScope.raw`."""
        await self.rows()
        return await self._scope.raw(sql, *values)

    @asynccontextmanager
    async def transaction(self, *, isolation: Isolation | None = None) -> AsyncGenerator[UserScope]:  # type: ignore[override]
        """As `UserScope.transaction`."""
        await self.rows()
        async with self._scope.transaction(isolation=isolation) as scope:
            yield scope

    async def _plain_run(self, *statements: Any) -> list[list[Any]]:
        if self._gone:
            return await self._scope._plain_run(*statements)  # noqa: SLF001 - the same class
        self._gone = True
        self._rows, *others = await self._scope._plain_run(self._statement, *statements)  # noqa: SLF001
        return others
