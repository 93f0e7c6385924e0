"""Connections kept open: psycopg's pool, with every new one looked at before it is used."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final

import psycopg
import psycopg_pool
from psycopg import AsyncConnection
from psycopg.pq import TransactionStatus

from freehold.errors import Code, ConfigurationError, PoolTimeoutError
from freehold.wire.connect import connect_async, session_conninfo
from freehold.wire.lane import Lanes
from freehold.wire.link import Link

_CANCEL_SECONDS: Final = 2.0

Inspect = Callable[[AsyncConnection], Awaitable[None]]


@dataclass(frozen=True)
class PoolSize:
    """How many connections a pool opens.

    ``largest``: in all. ``shared``: how many of them single verbs share, the rest is for transactions, and for verbs
    while slow statements hold up the shared ones. ``patience``: seconds to wait for a free one.
    """

    largest: int = 10
    shared: int = 4
    patience: float = 10.0

    def __post_init__(self) -> None:
        if self.largest < 1 or self.shared < 0 or self.patience <= 0:
            raise ConfigurationError(
                Code.SETTING_INVALID,
                "A pool needs a connection and some patience.",
                hint="PoolSize(largest=10, shared=4, patience=10.0) is the default.",
            )

    @property
    def lanes(self) -> int:
        """The shared connections there may be: one is always left for transactions. None: every verb takes its own."""
        return min(self.shared, self.largest - 1)

    @property
    def own(self) -> int:
        """The transactions there may be at once: one connection is always left for verbs, which some of them wait for."""
        return self.largest - 1 if self.lanes else self.largest


class Pool:
    """The connections of one login role: `shared` for single verbs, `exclusive` for transactions."""

    def __init__(self, dsn: str, inspect: Inspect, size: PoolSize, *, pooled: bool = False) -> None:
        self.size = size
        self.lanes = Lanes(size.lanes, size.largest - 1, size.patience, self._link, self._give_back)
        self.mismatches = 0
        self._inspect = inspect
        self._dsn = dsn
        self._pooled = pooled
        self._transactions = asyncio.Semaphore(size.own)
        self._returning: set[asyncio.Future[None]] = set()
        self._pool: psycopg_pool.AsyncConnectionPool[AsyncConnection] = psycopg_pool.AsyncConnectionPool(
            session_conninfo(dsn, pooled=pooled),
            min_size=0,
            max_size=size.largest,
            timeout=size.patience,
            open=False,
            kwargs={"autocommit": True, "prepare_threshold": None},
            configure=inspect,
            reset=_reset,
            reconnect_timeout=size.patience,
        )

    async def open(self) -> None:
        """Makes and inspects one connection, so that what is wrong is said now and not at the first query.

        Raises `RoleError` for a login role that is not safe, `ConnectionLostError` (FH307) without a server.
        """
        await self._probe()
        await self._pool.open()

    async def _probe(self) -> None:
        connection = await connect_async(self._dsn, pooled=self._pooled)
        try:
            await self._inspect(connection)
        finally:
            await connection.close()

    async def close(self) -> None:
        """Ends every connection."""
        await self.lanes.close()
        await self._pool.close()

    @asynccontextmanager
    async def exclusive(self) -> AsyncGenerator[Link]:
        """A connection of one's own; one that is left in the middle of something is closed, not handed on."""
        async with self._turn():
            self.lanes.spare()
            link = await self._link()
            try:
                yield link
            finally:
                # Shielded: a second cancellation must not keep the connection from the pool for good.
                returned = asyncio.ensure_future(self._give_back(link))
                self._returning.add(returned)
                returned.add_done_callback(self._returning.discard)
                await asyncio.shield(returned)

    @asynccontextmanager
    async def _turn(self) -> AsyncGenerator[None]:
        try:
            async with asyncio.timeout(self.size.patience):
                await self._transactions.acquire()
        except TimeoutError:
            await self._probe()
            raise self._none_free() from None
        try:
            yield
        finally:
            self._transactions.release()

    def stats(self) -> dict[str, int]:
        """Sizes and waits as psycopg's pool counts them, and the number of shared connections."""
        return {**self._pool.get_stats(), "shared": len(self.lanes.links)}

    async def _link(self) -> Link:
        """A link on a connection that is alive: one may have ended while it lay idle in the pool."""
        link = Link(await self._connection(), named=not self._pooled)
        while link.stale:
            await self._give_back(link)
            link = Link(await self._connection(), named=not self._pooled)
        return link

    async def _give_back(self, link: Link) -> None:
        self.mismatches += link.mismatches
        if link.idle:
            link.detach()
        else:
            await _abandon(link)
        await self._pool.putconn(link.connection)

    async def _connection(self) -> AsyncConnection:
        try:
            return await self._pool.getconn()
        except psycopg_pool.PoolTimeout:
            await self._probe()
            raise self._none_free() from None

    def _none_free(self) -> PoolTimeoutError:
        return PoolTimeoutError(
            Code.POOL_TIMEOUT,
            f"No connection became free within {self.size.patience:g} s.",
            hint="Keep transactions short, or raise the pool's largest size.",
        )


async def _abandon(link: Link) -> None:
    """Closes a connection; a statement still running for nobody is cancelled first."""
    if link.alive and link.depth:
        with suppress(psycopg.Error):
            await link.connection.cancel_safe(timeout=_CANCEL_SECONDS)
    link.close()


async def _reset(connection: AsyncConnection) -> None:
    """What outlives a transaction (settings, temporary tables, LISTEN, advisory locks) ends here."""
    if connection.info.transaction_status != TransactionStatus.IDLE:
        raise psycopg.OperationalError("the connection came back in the middle of a transaction")
    await connection.execute("DISCARD ALL")
