"""A command in a process group of its own: what it prints comes as lines, and it ends whole, children included."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Self, cast

from examples.coding_agents.lines import Line, LineSplitter

_MOST_WAITING: Final = 2000
_DRAIN_SECONDS: Final = 2.0
# Nothing else of this process's environment: its database URLs and keys are not the command's.
_ENVIRONMENT: Final = ("PATH", "LANG", "LC_ALL", "TZ")


class _Output(asyncio.SubprocessProtocol):
    """Collects lines; stops reading while too many of them wait."""

    def __init__(self) -> None:
        self.lines: deque[Line] = deque()
        self.exited = asyncio.Event()
        self.news = asyncio.Event()
        self._splitters = {1: LineSplitter("out"), 2: LineSplitter("err")}
        self._pipes: dict[int, asyncio.ReadTransport] = {}
        self._group = 0

    @property
    def drained(self) -> bool:
        return not self._pipes

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        process = cast(asyncio.SubprocessTransport, transport)
        self._group = process.get_pid()
        for number in self._splitters:
            self._pipes[number] = cast(asyncio.ReadTransport, process.get_pipe_transport(number))

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self.lines.extend(self._splitters[fd].feed(data))
        self.news.set()
        if len(self.lines) > _MOST_WAITING:
            for pipe in self._pipes.values():
                pipe.pause_reading()

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        if self._pipes.pop(fd, None) is not None:
            self.lines.extend(self._splitters[fd].end())
            self.news.set()

    def process_exited(self) -> None:
        """Children that were left behind end now: later the number of the group may be somebody else's."""
        self.signal(signal.SIGKILL)
        self.exited.set()

    def signal(self, number: signal.Signals) -> None:
        if not self.exited.is_set():
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._group, number)

    def take(self, most: int) -> list[Line]:
        taken = [self.lines.popleft() for _ in range(min(most, len(self.lines)))]
        if len(self.lines) <= _MOST_WAITING:
            for pipe in self._pipes.values():
                pipe.resume_reading()
        return taken


class Process:
    """A running command; make one with `Process.start`."""

    def __init__(self, transport: asyncio.SubprocessTransport, output: _Output) -> None:
        self._transport = transport
        self._output = output

    @classmethod
    async def start(cls, command: Sequence[str], *, directory: Path, given: bytes) -> Self:
        """Starts ``command`` in ``directory``, without a shell, with ``given`` on its standard input.

        Raises `OSError` where it cannot be started.
        """
        transport, output = await asyncio.get_running_loop().subprocess_exec(
            _Output,
            *command,
            cwd=directory,
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ} | {"HOME": str(directory)},
            start_new_session=True,
        )
        pipe = cast(asyncio.WriteTransport, transport.get_pipe_transport(0))
        pipe.write(given)
        pipe.close()
        return cls(transport, output)

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative if a signal ended it."""
        return self._transport.get_returncode() if self._output.exited.is_set() else None

    def take(self, most: int) -> list[Line]:
        """The lines that have arrived, up to ``most``."""
        return self._output.take(most)

    async def finish(self, grace: float) -> None:
        """Ends the group: SIGTERM, and after ``grace`` seconds SIGKILL. What was printed can still be taken."""
        self._output.signal(signal.SIGTERM)
        await _within(grace, self._output.exited)
        self._output.signal(signal.SIGKILL)
        await self._output.exited.wait()

    async def remaining(self, most: int) -> AsyncGenerator[list[Line]]:
        """After the end: what is still in the pipes. Who left the group but kept them is not waited for long."""
        deadline = time.monotonic() + _DRAIN_SECONDS
        while not (self._output.drained and not self._output.lines):
            patience = deadline - time.monotonic()
            if patience <= 0:
                self._transport.close()
            self._output.news.clear()
            if lines := self._output.take(most):
                yield lines
            elif not self._output.drained:
                await _within(max(patience, _DRAIN_SECONDS / 10), self._output.news)

    def close(self) -> None:
        """Ends it at once, whatever it was doing."""
        self._output.signal(signal.SIGKILL)
        self._transport.close()


async def _within(seconds: float, event: asyncio.Event) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
