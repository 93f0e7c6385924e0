"""What runs tasks: the interface, and the runner that is built in.

The built-in runner gives each task to one configured command of the operator's, in a process of its own with a time
limit. That separates tasks from the platform's environment and from each other's processes; it is no sandbox: what
the command does with the task it is given, it does as the user this program runs as.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

from examples.coding_agents.changes import Changes
from examples.coding_agents.claim import claim_next, take_over
from examples.coding_agents.run import Run, Terms
from freehold.errors import FreeholdError
from freehold.scope import Database

_log: Final = logging.getLogger(__name__)

DEMO_COMMAND: Final[Sequence[str]] = (sys.executable, "-I", "-u", str(Path(__file__).with_name("agent.py")))
"""A command that pretends to be an agent for a few seconds."""


class Runner(Protocol):
    """Takes pending tasks and runs them.

    Everything about them goes through the database, so a runner may be in any process; ``changes`` are only hints.
    """

    @property
    def changes(self) -> Changes:
        """Where what happens to tasks in this process is announced."""
        ...

    @property
    def running(self) -> int:
        """How many tasks run in this process."""
        ...

    async def start(self) -> None:
        """Begins to take pending tasks."""
        ...

    async def close(self) -> None:
        """Takes no more tasks and ends those that run; all of it is written down when this returns."""
        ...


class SubprocessRunner:
    """Runs up to ``at_once`` tasks side by side, as ``terms`` say; looks for new ones every ``poll`` seconds."""

    def __init__(self, db: Database, terms: Terms | None = None, *, at_once: int = 2, poll: float = 1.0) -> None:
        self._db = db
        self._terms = terms or Terms(DEMO_COMMAND)
        self._at_once = at_once
        self._poll = poll
        self._changes = Changes()
        self._runs: dict[asyncio.Task[None], Run] = {}
        self._loop: asyncio.Task[None] | None = None

    @property
    def changes(self) -> Changes:
        """Where what happens to tasks in this process is announced."""
        return self._changes

    @property
    def running(self) -> int:
        """How many tasks run in this process."""
        return len(self._runs)

    async def start(self) -> None:
        """Begins to take pending tasks, and those that a dead process left behind."""
        if self._loop is None:
            self._loop = asyncio.create_task(self._work())

    async def close(self) -> None:
        """Takes no more tasks and ends those that run, which then wait for the next runner."""
        loop, self._loop = self._loop, None
        if loop is not None:
            loop.cancel()
            with suppress(asyncio.CancelledError):
                await loop
        for run in self._runs.values():
            run.closing = True
        await asyncio.gather(*self._runs, return_exceptions=True)

    async def _work(self) -> None:
        clock = asyncio.get_running_loop()
        next_round = clock.time()
        with self._changes.hint() as hint:
            while True:
                try:
                    if clock.time() >= next_round:
                        next_round = clock.time() + self._terms.stale / 3
                        for key in await take_over(self._db, self._terms.stale, self._terms.attempts):
                            self._changes.announce(key)
                    await self._fill()
                except FreeholdError:
                    _log.warning("no task could be taken; trying again", exc_info=True)
                await hint.within(self._poll)

    async def _fill(self) -> None:
        """Takes tasks while there is room. A claim that was written is always run, also if we are cancelled."""
        while len(self._runs) < self._at_once:
            if not await asyncio.shield(asyncio.create_task(self._take())):
                return

    async def _take(self) -> bool:
        claim = await claim_next(self._db)
        if claim is None:
            return False
        run = Run(self._db, claim, self._terms, self._changes)
        running = asyncio.create_task(run.work())
        self._runs[running] = run
        running.add_done_callback(self._ended)
        self._changes.announce(claim.key)
        return True

    def _ended(self, running: asyncio.Task[None]) -> None:
        run = self._runs.pop(running)
        if not running.cancelled() and (error := running.exception()) is not None:
            _log.error("a run ended unexpectedly; its task will be taken over", exc_info=error)
        self._changes.announce(run.claim.key)
