"""The shared connections of a pool: which of them takes the next exchange, and who waits when none may."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Final

from freehold.errors import Code, PoolTimeoutError
from freehold.wire.link import Link

_DEPTH: Final = 64
"""Exchanges on one connection; what comes then waits, where it can still be told that it waits in vain."""
_ALONE_SECONDS: Final = 0.25
"""How long a statement that nobody waits for may go on before it is cancelled."""


class Lanes:
    """Shared connections: ``usual`` of them, and up to ``most`` while those are held up.

    An exchange goes to the connection with the fewest waiting. One whose current statement takes long gets no more; what is
    known to take long stays on half of the connections, so that it never holds up all the others.
    """

    def __init__(
        self,
        usual: int,
        most: int,
        patience: float,
        make: Callable[[], Awaitable[Link]],
        give_back: Callable[[Link], None],
    ) -> None:
        self.usual = usual
        self.most = max(usual, most)
        self.links: list[Link] = []
        self.waits = 0
        self.timeouts = 0
        self._patience = patience
        self._make = make
        self._give_back = give_back
        self._opening = asyncio.Lock()
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._parting: set[Link] = set()

    @property
    def waiting(self) -> int:
        """How many callers wait for a place."""
        return len(self._waiting)

    def pick(self) -> Link | None:
        """The connection for the next exchange, where that can be said without waiting."""
        if self._waiting:
            return None
        link = self._best(slow=False)
        return link if link is None or not link.depth or len(self.links) >= self.usual else None

    async def take(self, *, slow: bool = False) -> Link:
        """The connection for the next exchange; raises `PoolTimeoutError` (FH309) when none has room in time."""
        link = None if self._waiting and not slow else await self._place(slow)
        if link is not None:
            return link
        self.waits += 1
        try:
            async with asyncio.timeout(self._patience):
                while link is None:
                    await self._turn()
                    link = await self._place(slow)
        except TimeoutError:
            self.timeouts += 1
            raise PoolTimeoutError(
                Code.POOL_TIMEOUT,
                f"No shared connection had room within {self._patience:g} s.",
                hint="Make slow statements cheaper or run them in a transaction; raise the pool's largest size.",
            ) from None
        self._wake()  # where one found room, another may
        return link

    async def _place(self, slow: bool) -> Link | None:
        link = self._best(slow)
        if link is not None and (not link.depth or not self._may_grow(slow)):
            return link
        if self._may_grow(slow):
            return await self._grow(slow)
        return link

    def _best(self, slow: bool) -> Link | None:
        """The connection with the fewest waiting among those that this exchange may join."""
        links, now = self.links, perf_counter()
        alone = len(links) == 1
        full = slow and sum(link.slow > 0 for link in links) >= max(1, (len(links) + 1) // 2)
        best, least = None, _DEPTH
        for link in links:
            depth = link.depth
            if depth >= least:
                continue
            if link.slow > 0 if full else alone or not (link.slow or link.held_up(now)):
                best, least = link, depth
                if not depth:
                    break
        return best

    def _may_grow(self, slow: bool) -> bool:
        """Whether another connection may be opened: the usual ones when they are busy, more when they are held up."""
        links = self.links
        if len(links) < self.usual:
            return not self._opening.locked() or not links
        now = perf_counter()
        held_up = not slow and all(link.slow or link.held_up(now) for link in links)
        return held_up and len(links) < self.most and not self._opening.locked()

    async def _grow(self, slow: bool) -> Link | None:
        async with self._opening:
            link = self._best(slow)
            if len(self.links) >= self.most or (link is not None and not link.depth):
                return link
            if len(self.links) >= self.usual and link is not None:
                return link
            try:
                link = await self._make()
            except PoolTimeoutError:
                if self.links:
                    return self._best(slow)
                raise
            link.on_turn = self._turned
            self.links.append(link)
            return link

    async def _turn(self) -> None:
        """Waits until an exchange has ended somewhere."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._wake()  # whose turn it was does not take it
            raise
        finally:
            if turn in self._waiting:
                self._waiting.remove(turn)

    def _wake(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return

    def _turned(self, link: Link) -> None:
        if not link.alive:
            self._leave(link)
            self._distrust()
        if self._waiting:
            self._wake()
        elif not link.depth and link.alive and len(self.links) > self.usual:
            self._leave(link)

    def _distrust(self) -> None:
        """One was lost, and whatever ended it may have ended them all: what is sent from now on goes to new connections."""
        for link in list(self.links):
            if link.depth:
                self.links.remove(link)
                self._parting.add(link)
                link.on_turn = self._part
            else:
                self._leave(link)

    def _part(self, link: Link) -> None:
        if not link.depth or not link.alive:
            self._parting.discard(link)
            link.on_turn = None
            self._give_back(link)

    def abandon(self, link: Link) -> None:
        """Nobody waits for what ``link`` does: if that is so in a moment too, the statement is cancelled."""
        asyncio.get_running_loop().call_later(_ALONE_SECONDS, self._cancel, link, link.answers)

    def _cancel(self, link: Link, answers: int) -> None:
        alone = link.depth == 1 and link.answers == answers
        if alone and link in self.links and link.unwanted:
            self._leave(link)

    def _leave(self, link: Link) -> None:
        """Takes a connection out, so that nobody else can be sent behind what it does, and gives it back."""
        self.links.remove(link)
        link.on_turn = None
        self._give_back(link)

    def spare(self) -> None:
        """Gives back connections beyond the usual ones that have nothing to do, when somebody needs one of their own."""
        for link in [each for each in self.links if not each.depth][: max(0, len(self.links) - self.usual)]:
            self._leave(link)

    def close(self) -> None:
        """Gives every connection back."""
        for link in [*self.links, *self._parting]:
            link.on_turn = None
            self._give_back(link)
        self.links, self._parting = [], set()
