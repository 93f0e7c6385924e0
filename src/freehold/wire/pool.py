"""Connections kept open, some shared by single verbs, the others for one caller at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final

import psycopg

from freehold.errors import Code, ConfigurationError
from freehold.wire.lane import Lanes
from freehold.wire.link import Link
from freehold.wire.place import Places
from freehold.wire.stock import Inspect, Stock

_CANCEL_SECONDS: Final = 2.0


@dataclass(frozen=True)
class PoolMetrics:
    """The connections of one login, and who waits for them.

    ``shared``: by single verbs; ``outstanding``: exchanges under way on those. ``mismatches``: answers that did not carry
    the identity they were asked for, which is a defect wherever it is not 0.
    """

    size: int
    available: int
    shared: int
    outstanding: int
    waiting: int
    waits: int
    timeouts: int
    mismatches: int


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
    """The connections of one login role: `lanes` for single verbs, `exclusive` ones for transactions."""

    def __init__(self, dsn: str, inspect: Inspect, size: PoolSize, *, pooled: bool = False) -> None:
        self.size = size
        self.lanes = Lanes(size.lanes, size.largest - 1, size.patience, self._link, self._give_back)
        self.mismatches = 0
        self._named = not pooled
        self._transactions = Places(size.own, size.patience)
        self._returning: set[asyncio.Task[None]] = set()
        self._stock = Stock(dsn, inspect, size.largest, size.patience, pooled=pooled)

    async def open(self) -> None:
        """Makes and inspects one connection, so that what is wrong is said now and not at the first query.

        Raises `RoleError` for a login role that is not safe, `ConnectionLostError` (FH307) without a server.
        """
        await self._stock.open()

    async def close(self) -> None:
        """Ends every connection; those of transactions that are under way end with them."""
        self.lanes.close()
        self._stock.close()
        if self._returning:
            await asyncio.wait(self._returning)

    @asynccontextmanager
    async def exclusive(self) -> AsyncGenerator[Link]:
        """A connection of one's own; one that is left in the middle of something is closed, not handed on."""
        await self._stock.turn(self._transactions)
        try:
            self.lanes.spare()
            link = await self._link()
            try:
                yield link
            finally:
                self._give_back(link)
        finally:
            self._transactions.leave()

    def metrics(self) -> PoolMetrics:
        """How the connections are used."""
        stock, lanes = self._stock, self.lanes
        queues = (lanes, stock.places, self._transactions)
        return PoolMetrics(
            size=stock.size,
            available=stock.available,
            shared=len(lanes.links),
            outstanding=sum(link.depth for link in lanes.links),
            waiting=sum(each.waiting for each in queues),
            waits=sum(each.waits for each in queues),
            timeouts=sum(each.timeouts for each in queues),
            mismatches=self.mismatches,
        )

    async def _link(self) -> Link:
        """A link on a connection that is alive: one may have ended while nobody used it."""
        link = Link(await self._stock.take(), named=self._named)
        while link.stale:
            self._give_back(link)
            link = Link(await self._stock.take(), named=self._named)
        return link

    def _give_back(self, link: Link) -> None:
        """Cleans a connection behind its last user's back, who may have been cancelled and must not be again."""
        self.mismatches += link.mismatches
        if not link.alive:
            self._stock.distrust()
        task = asyncio.ensure_future(self._returned(link))
        self._returning.add(task)
        task.add_done_callback(self._returning.discard)

    async def _returned(self, link: Link) -> None:
        try:
            if link.idle:
                link.detach()
            else:
                await _abandon(link)
        finally:
            await self._stock.give(link.connection)


async def _abandon(link: Link) -> None:
    """Closes a connection; a statement still running for nobody is cancelled first."""
    if link.alive and link.depth:
        with suppress(psycopg.Error):
            await link.connection.cancel_safe(timeout=_CANCEL_SECONDS)
    link.close()
