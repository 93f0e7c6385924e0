"""Connections of one login role that nobody uses at the moment, and how many there may be in all.

psycopg's pool connects and cleans in tasks of its own, which do not end when they are cancelled: a program that stops while
one of them works hangs (`docs/decisions/0048-a-pool-of-our-own.md`). Here whoever takes a connection makes it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import psycopg
from psycopg import AsyncConnection
from psycopg.pq import TransactionStatus

from freehold.errors import Code, ConnectionLostError, PoolTimeoutError
from freehold.wire.connect import connect_async
from freehold.wire.place import Places
from freehold.wire.sqlstate import translated

_IDLE_SECONDS: Final = 600.0
_LIFE_SECONDS: Final = 3600.0
_FIRST_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 1.0

Inspect = Callable[[AsyncConnection], Awaitable[None]]
"""Looks at a new connection and raises where it must not be used."""


class Stock:
    """At most ``largest`` connections, inspected when they are new, cleaned when they come back.

    ``patience``: seconds to wait for one, whether others use them all or the server does not answer at the moment.
    """

    def __init__(self, dsn: str, inspect: Inspect, largest: int, patience: float, *, pooled: bool = False) -> None:
        self.places = Places(largest, patience)  # one for each connection in use
        self._dsn = dsn
        self._inspect = inspect
        self._patience = patience
        self._pooled = pooled
        self._born: dict[AsyncConnection, float] = {}
        self._idle: list[tuple[float, AsyncConnection]] = []
        self._sweeper: asyncio.TimerHandle | None = None
        self._closed = False

    @property
    def size(self) -> int:
        """How many connections are open."""
        return len(self._born)

    @property
    def available(self) -> int:
        """How many of them nobody uses."""
        return len(self._idle)

    async def take(self) -> AsyncConnection:
        """A connection for the caller alone.

        Raises `PoolTimeoutError` (FH309) when none becomes free in time, `ConnectionLostError` (FH307) when no server can be
        reached in time, and what the inspection raises.
        """
        deadline = asyncio.get_running_loop().time() + self._patience
        await self.turn(self.places)
        try:
            return self._idle.pop()[1] if self._idle else await self._reached(deadline)
        except BaseException:
            self.places.leave()
            raise

    async def give(self, connection: AsyncConnection) -> None:
        """Cleans a connection and keeps it for whoever comes next; one that is too old or cannot be cleaned is closed."""
        clean = False
        try:
            if not self._closed and self._now() - self._born[connection] < _LIFE_SECONDS:
                with suppress(psycopg.Error, TimeoutError):
                    async with asyncio.timeout(self._patience):
                        await _clean(connection)
                        clean = True
        finally:
            if clean and not self._closed:
                self._keep(connection)
            else:
                self._end(connection)
            self.places.leave()

    def distrust(self) -> None:
        """Ends the connections that nobody uses: one was lost, and whatever ended it may have ended them all."""
        idle, self._idle = self._idle, []
        for _, connection in idle:
            self._end(connection)

    def close(self) -> None:
        """Ends the connections that nobody uses, and the others when they come back."""
        self._closed = True
        self.distrust()
        if self._sweeper is not None:
            self._sweeper.cancel()

    async def open(self) -> None:
        """Makes the first connection, so that what is wrong is said now; raises as `take` does, at once."""
        self._keep(await self._made())

    async def turn(self, places: Places) -> None:
        """Takes one of ``places``, which stand for connections of the stock; raises as `take` does."""
        try:
            await places.take()
        except TimeoutError:
            self._end(await self._made())  # says so where the server is what is missing
            raise PoolTimeoutError(
                Code.POOL_TIMEOUT,
                f"No connection became free within {self._patience:g} s.",
                hint="Keep transactions short, or raise the pool's largest size.",
            ) from None

    def __del__(self) -> None:
        for connection in self._born:
            connection.pgconn.finish()

    async def _reached(self, deadline: float) -> AsyncConnection:
        """A new connection, asked for again while the server does not let anybody in, as when it restarts."""
        pause = _FIRST_PAUSE
        while True:
            try:
                return await self._made()
            except ConnectionLostError:
                if self._now() + pause > deadline:
                    raise
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _made(self) -> AsyncConnection:
        connection = await connect_async(self._dsn, pooled=self._pooled)
        self._born[connection] = self._now()
        try:
            with translated():
                await self._inspect(connection)
        except BaseException:
            self._end(connection)
            raise
        return connection

    def _keep(self, connection: AsyncConnection) -> None:
        self._idle.append((self._now(), connection))
        if self._sweeper is None:
            self._sweeper = asyncio.get_running_loop().call_later(_IDLE_SECONDS, self._sweep)

    def _sweep(self) -> None:
        """Ends what has not been used for long; the last to come back is the first to be taken, so those stand in front."""
        now = self._now()
        while self._idle and now - self._idle[0][0] >= _IDLE_SECONDS:
            self._end(self._idle.pop(0)[1])
        self._sweeper = None
        if self._idle:
            longest = _IDLE_SECONDS - (now - self._idle[0][0])
            self._sweeper = asyncio.get_running_loop().call_later(longest, self._sweep)

    def _end(self, connection: AsyncConnection) -> None:
        self._born.pop(connection, None)
        connection.pgconn.finish()

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


async def _clean(connection: AsyncConnection) -> None:
    """What outlives a transaction (settings, temporary tables, LISTEN, advisory locks) ends here."""
    if connection.info.transaction_status != TransactionStatus.IDLE:
        raise psycopg.OperationalError("the connection came back in the middle of a transaction")
    await connection.execute("DISCARD ALL")
