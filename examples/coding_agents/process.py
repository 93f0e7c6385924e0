"""A command in a process group of its own: what it prints comes as lines, and it ends whole, children included."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Self

_CHUNK: Final = 1 << 16
_LONGEST_LINE: Final = 1 << 14
_LINES_WAITING: Final = 1000
_DRAIN_SECONDS: Final = 2.0
_POLL_SECONDS: Final = 0.02
# Nothing of this process's environment: its database URLs and keys are not the command's.
_ENVIRONMENT: Final = ("PATH", "LANG", "LC_ALL", "TZ")


@dataclass(frozen=True)
class Line:
    """A line that the command printed; ``cut`` if it was longer than anybody reads."""

    stream: Literal["out", "err"]
    text: str
    cut: bool = False


class LineSplitter:
    """From chunks of bytes to lines, with a bound on what is kept of a line that does not end."""

    def __init__(self, stream: Literal["out", "err"]) -> None:
        self._stream: Literal["out", "err"] = stream
        self._rest = b""
        self._skipping = False

    def feed(self, chunk: bytes) -> list[Line]:
        """The lines that ``chunk`` completes."""
        *complete, self._rest = (self._rest + chunk).split(b"\n")
        lines = [line for each in complete if (line := self._line(each)) is not None]
        if len(self._rest) > _LONGEST_LINE:
            if not self._skipping:
                lines.append(self._cut(self._rest))
            self._skipping, self._rest = True, b""
        return lines

    def end(self) -> list[Line]:
        """The last line, if it has no end."""
        line = self._line(self._rest) if self._rest else None
        self._rest = b""
        return [] if line is None else [line]

    def _line(self, data: bytes) -> Line | None:
        if self._skipping:
            self._skipping = False
            return None
        return self._cut(data) if len(data) > _LONGEST_LINE else Line(self._stream, _text(data))

    def _cut(self, data: bytes) -> Line:
        return Line(self._stream, _text(data[:_LONGEST_LINE]), cut=True)


class Process:
    """A running command; make one with `Process.start`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._lines: asyncio.Queue[Line] = asyncio.Queue(_LINES_WAITING)
        assert process.stdout is not None
        assert process.stderr is not None
        self._readers = [
            asyncio.create_task(self._read(process.stdout, LineSplitter("out"))),
            asyncio.create_task(self._read(process.stderr, LineSplitter("err"))),
        ]

    @classmethod
    async def start(cls, command: Sequence[str], *, directory: Path, given: bytes) -> Self:
        """Starts ``command`` in ``directory``, without a shell, with ``given`` on its standard input.

        Raises `OSError` where it cannot be started.
        """
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            cwd=directory,
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ} | {"HOME": str(directory)},
            start_new_session=True,
        )
        started = cls(process)
        assert process.stdin is not None
        with suppress(ConnectionError):
            process.stdin.write(given)  # smaller than a pipe's buffer would need to block us
            process.stdin.close()
        return started

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative if a signal ended it."""
        return self._process.returncode

    def take(self, most: int) -> list[Line]:
        """The lines that have arrived, up to ``most``."""
        return [self._lines.get_nowait() for _ in range(min(most, self._lines.qsize()))]

    @property
    def drained(self) -> bool:
        """Whether no line will follow."""
        return self._lines.empty() and all(reader.done() for reader in self._readers)

    async def finish(self, grace: float = 0.0) -> None:
        """Ends what is left of the group: SIGTERM, and after ``grace`` seconds SIGKILL. Again is nothing.

        Lines that were printed can still be taken; who left the group but kept its pipes is not waited for.
        """
        if grace > 0 and self.exit_code is None:
            self._signal(signal.SIGTERM)
            with suppress(TimeoutError):
                async with asyncio.timeout(grace):
                    await self._exited()
        self._signal(signal.SIGKILL)
        await self._exited()

    async def close(self) -> None:
        """Ends it at once, and forgets what it printed."""
        await self.finish()
        for reader in self._readers:
            reader.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)
        self._process._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001  # pyright: ignore

    async def settle(self) -> None:
        """After the end: waits until the pipes are empty, but not for ever."""
        readers = [reader for reader in self._readers if not reader.done()]
        if readers and self._lines.empty():
            await asyncio.wait(readers, timeout=_DRAIN_SECONDS)
            for reader in readers:
                if not reader.done() and self._lines.empty():
                    reader.cancel()

    async def _exited(self) -> None:
        # Process.wait() also waits for the pipes in some versions of Python, and a grandchild may hold those.
        while self.exit_code is None:
            await asyncio.sleep(_POLL_SECONDS)

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    async def _read(self, stream: asyncio.StreamReader, splitter: LineSplitter) -> None:
        while chunk := await stream.read(_CHUNK):
            for line in splitter.feed(chunk):
                await self._lines.put(line)
        for line in splitter.end():
            await self._lines.put(line)


def _text(data: bytes) -> str:
    """The part after the last carriage return is what a terminal would show."""
    return data.decode(errors="replace").rstrip("\r").rpartition("\r")[2]
