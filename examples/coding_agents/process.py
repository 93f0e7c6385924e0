"""A command in a process group of its own: what it prints comes as lines, and it ends whole, children included."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Self, cast

from examples.coding_agents.lines import Line, LineSplitter

_MOST_WAITING: Final = 2000
_DRAIN_SECONDS: Final = 1.0
# Nothing else of this process's environment: its database URLs and keys are not the command's.
_ENVIRONMENT: Final = ("PATH", "LANG", "LC_ALL", "TZ")


class _Output(asyncio.SubprocessProtocol):
    """Collects lines; stops reading while too many of them wait."""

    def __init__(self) -> None:
        self.lines: deque[Line] = deque()
        self.exited = asyncio.Event()
        self.drained = asyncio.Event()
        self._splitters = {1: LineSplitter("out"), 2: LineSplitter("err")}
        self._pipes: dict[int, asyncio.ReadTransport] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        process = cast(asyncio.SubprocessTransport, transport)
        for number in self._splitters:
            self._pipes[number] = cast(asyncio.ReadTransport, process.get_pipe_transport(number))

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self.lines.extend(self._splitters[fd].feed(data))
        if len(self.lines) > _MOST_WAITING:
            for pipe in self._pipes.values():
                pipe.pause_reading()

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        if self._pipes.pop(fd, None) is not None:
            self.lines.extend(self._splitters[fd].end())
        if not self._pipes:
            self.drained.set()

    def process_exited(self) -> None:
        self.exited.set()

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
        return self._transport.get_returncode()

    def take(self, most: int) -> list[Line]:
        """The lines that have arrived, up to ``most``."""
        return self._output.take(most)

    async def finish(self, grace: float = 0.0) -> None:
        """Ends what is left of the group: SIGTERM, and after ``grace`` seconds SIGKILL. Again is nothing.

        The lines that were printed can still be taken. Who left the group but kept its pipes is not waited for.
        """
        if grace > 0 and not self._output.exited.is_set():
            self._signal(signal.SIGTERM)
            await _within(grace, self._output.exited)
        self._signal(signal.SIGKILL)
        await self._output.exited.wait()
        if len(self._output.lines) <= _MOST_WAITING:
            await _within(_DRAIN_SECONDS, self._output.drained)

    def close(self) -> None:
        """Ends it at once, whatever it was doing."""
        self._signal(signal.SIGKILL)
        self._transport.close()

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._transport.get_pid(), number)


async def _within(seconds: float, event: asyncio.Event) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
