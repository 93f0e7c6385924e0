"""One login role's way in: its pool, opened at the first use, and its engines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from freehold.scope.caller import Caller
from freehold.scope.metric import Observer
from freehold.scope.posture import inspect_login, inspect_service
from freehold.scope.replica import POSITION, Marks
from freehold.wire import Link, Pool, PoolMetrics, PoolSize, listen

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from freehold.scope.engine import Engines


class Door:
    """The connections of one login role, inspected before they are used."""

    def __init__(
        self,
        dsn: str,
        size: PoolSize,
        observer: Observer,
        *,
        service: bool = False,
        pooled: bool = False,
        replica: Door | None = None,
    ) -> None:
        self.observer = observer
        self.marks = None if replica is None else Marks()
        self.away_until = 0.0
        self.replica = replica
        self._tasks: set[asyncio.Task[None]] = set()
        self.pooled = pooled
        self._engines: Engines | None = None
        self._dsn = dsn
        self._size = size
        self._inspect = inspect_service if service else inspect_login
        self._pool: Pool | None = None
        self._opening = asyncio.Lock()

    async def pool(self) -> Pool:
        """The pool, open; raises `RoleError` (FH310) or `ConnectionLostError` (FH307)."""
        if self._pool is None:
            async with self._opening:
                if self._pool is None:
                    pool = Pool(self._dsn, self._inspect, self._size, pooled=self.pooled)
                    await pool.open()
                    self._pool = pool
        return self._pool

    def free(self) -> Link | None:
        """A shared connection for the next exchange, if there is one: found without waiting."""
        return None if self._pool is None else self._pool.lanes.pick()

    def abandon(self, link: Link) -> None:
        """Nobody waits any more for what a shared connection does."""
        if self._pool is not None:
            self._pool.lanes.abandon(link)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Does something that nobody waits for."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def metrics(self) -> PoolMetrics | None:
        """How the connections are used; None before the first one."""
        return None if self._pool is None else self._pool.metrics()

    @asynccontextmanager
    async def session(self, caller: Caller) -> AsyncGenerator[AsyncSession]:
        """A SQLAlchemy session as ``caller``, on a login that was inspected; raises as `pool` does."""
        await self.pool()
        if self._engines is None:
            from freehold.scope.engine import Engines  # noqa: PLC0415 - a third of what importing freehold would take

            self._engines = Engines(self._dsn, self._size.largest, pooled=self.pooled)
        async with self._engines.session(caller) as session:
            yield session
        if self.marks is not None:
            link = await (await self.pool()).lanes.take()
            self.marks.take(caller.owner, await link.exchange([POSITION]))

    def listen(self, channel: str) -> AsyncGenerator[str | None]:
        """What is announced on ``channel``: see `freehold.wire.listen`."""
        return listen(self._dsn, channel)

    async def close(self) -> None:
        """Ends every connection; the next use opens new ones."""
        for task in list(self._tasks):
            task.cancel()
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close()
        if self._engines is not None:
            await self._engines.close()
