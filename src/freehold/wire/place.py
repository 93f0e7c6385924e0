"""A number of places: who comes when all are taken waits in turn, not for ever, and is counted."""

from __future__ import annotations

import asyncio


class Places:
    """``number`` places. ``patience``: seconds that somebody waits for one."""

    def __init__(self, number: int, patience: float) -> None:
        self.waiting = 0
        self.waits = 0
        self.timeouts = 0
        self._patience = patience
        self._free = asyncio.Semaphore(number)

    async def take(self) -> None:
        """Takes a place; raises TimeoutError when none became free in time."""
        if not self._free.locked():
            await self._free.acquire()
            return
        self.waits += 1
        self.waiting += 1
        try:
            async with asyncio.timeout(self._patience):
                await self._free.acquire()
        except TimeoutError:
            self.timeouts += 1
            raise
        finally:
            self.waiting -= 1

    def leave(self) -> None:
        """Gives a place back."""
        self._free.release()
