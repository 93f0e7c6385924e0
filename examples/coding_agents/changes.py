"""Hints between the parts of one process that something about a task changed, so that nobody has to ask often.

A hint carries no data and may be missed: the database is what counts, and whoever waits also looks by itself now and
then. So several processes work together, only a little slower than one.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class TaskKey:
    """A task and whose it is."""

    user_id: str
    id: str


class Hint(asyncio.Event):
    """Set when something changed; whoever waits clears it by waiting."""

    async def within(self, seconds: float) -> None:
        """Returns when something changed since the last time, or after ``seconds``."""
        try:
            async with asyncio.timeout(seconds):
                await self.wait()
        except TimeoutError:
            pass
        self.clear()


class Changes:
    """Who waits for news of which task."""

    def __init__(self) -> None:
        self._waiting: defaultdict[TaskKey | None, set[Hint]] = defaultdict(set)
        self.count = 0
        """How often something was announced."""
        self.closed = False

    @contextmanager
    def hint(self, key: TaskKey | None = None) -> Generator[Hint]:
        """A hint of what happens to one task, or to any."""
        hint = Hint()
        self._waiting[key].add(hint)
        try:
            yield hint
        finally:
            self._waiting[key].discard(hint)
            if not self._waiting[key]:
                del self._waiting[key]

    @property
    def listeners(self) -> int:
        """How many wait for news of one task."""
        return sum(len(hints) for key, hints in self._waiting.items() if key is not None)

    def announce(self, key: TaskKey) -> None:
        """Wakes whoever waits for the task, or for any."""
        self.count += 1
        for hint in (*self._waiting.get(key, ()), *self._waiting.get(None, ())):
            hint.set()

    def close(self) -> None:
        """Wakes everybody for good: live streams end."""
        self.closed = True
        for hints in self._waiting.values():
            for hint in hints:
                hint.set()
