"""A network in a process: a relay between Unix sockets that delays every byte by the same time, in both directions.

One thread, no event loop: the loops of asyncio and uvloop round their timers to milliseconds, ``select`` does not.
What is due for one receiver goes out in one write.
"""

from __future__ import annotations

import argparse
import os
import selectors
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from select import select
from types import TracebackType
from typing import Final, Self, cast

_CHUNK: Final = 1 << 18
_FULL: Final = 1 << 22
"""Bytes under way to one receiver before its sender must wait."""


@dataclass(eq=False)
class _End:
    """One socket of a pair; ``outgoing`` is due but not yet written, ``waiting`` counts what is under way as well.

    ``closing``: nothing more comes for it; ``closed``: it has been told so.
    """

    socket: socket.socket
    other: _End | None = None
    outgoing: bytearray = field(default_factory=bytearray)
    waiting: int = 0
    reading: bool = True
    closing: bool = False
    closed: bool = False


class Relay:
    """Everything that is under way between the clients of one socket and the server of another."""

    def __init__(self, listener: socket.socket, server: str, delay: float) -> None:
        self._server = server
        self._delay = delay
        self._selector = selectors.DefaultSelector()
        self._listener = listener
        self._selector.register(listener, selectors.EVENT_READ)
        self._due: deque[tuple[float, _End, bytes]] = deque()

    def run(self) -> None:
        """Relays until the process ends."""
        while True:
            self.step()

    def step(self) -> None:
        """Waits for the next byte that arrives or is due, and handles everything that is ready."""
        wait = max(0.0, self._due[0][0] - time.monotonic()) if self._due else None
        ready, _, _ = select([self._selector], [], [], wait)
        self._deliver(time.monotonic())
        for key, events in self._selector.select(0) if ready else ():
            end = cast("_End | None", key.data)
            if end is None:
                self._accept()
                continue
            if events & selectors.EVENT_WRITE:
                self._write(end)
            if events & selectors.EVENT_READ and end.socket.fileno() >= 0:
                self._read(end)

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(self._server)
        except OSError:
            client.close()
            return
        near, far = _End(client), _End(server)
        near.other, far.other = far, near
        for end in (near, far):
            end.socket.setblocking(False)
            self._selector.register(end.socket, selectors.EVENT_READ, end)

    def _read(self, end: _End) -> None:
        other = end.other
        if other is None:
            return
        try:
            data = end.socket.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        other.waiting += len(data)
        self._due.append((time.monotonic() + self._delay, other, data))
        if not data or other.waiting > _FULL:
            end.reading = False
            self._watch(end)

    def _deliver(self, now: float) -> None:
        receivers: dict[_End, None] = {}
        while self._due and self._due[0][0] <= now:
            _, end, data = self._due.popleft()
            end.outgoing += data
            end.closing = end.closing or not data
            receivers[end] = None
        for end in receivers:
            self._write(end)

    def _write(self, end: _End) -> None:
        if end.socket.fileno() < 0:
            return
        try:
            sent = end.socket.send(end.outgoing) if end.outgoing else 0
        except BlockingIOError:
            sent = 0
        except OSError:
            self._close(end)
            return
        del end.outgoing[:sent]
        end.waiting -= sent
        source = end.other
        if end.closing and not end.outgoing and not end.closed:
            end.closed = True
            if source is None or source.closed:
                self._close(end)
                return
            with suppress(OSError):
                end.socket.shutdown(socket.SHUT_WR)
        self._watch(end)
        if source is not None and not source.reading and not end.closing and end.waiting <= _FULL:
            source.reading = True
            self._watch(source)

    def _watch(self, end: _End) -> None:
        if end.socket.fileno() < 0:
            return
        events = (selectors.EVENT_READ if end.reading else 0) | (selectors.EVENT_WRITE if end.outgoing else 0)
        watched = self._selector.get_map().get(end.socket)
        if watched is None and events:
            self._selector.register(end.socket, events, end)
        elif watched is not None and not events:
            self._selector.unregister(end.socket)
        elif watched is not None and watched.events != events:
            self._selector.modify(end.socket, events, end)

    def _close(self, end: _End) -> None:
        for each in (end, end.other):
            if each is not None and each.socket.fileno() >= 0:
                if self._selector.get_map().get(each.socket) is not None:
                    self._selector.unregister(each.socket)
                each.socket.close()


class Proxy:
    """The relay in a process of its own.

    ``directory`` holds a socket that answers like ``server``, but ``delay`` seconds later each way.
    """

    def __init__(self, server: Path, directory: Path, delay: float) -> None:
        directory.mkdir(mode=0o700)
        command = [sys.executable, "-m", "benchmarks.proxy", str(directory / server.name), str(server)]
        self._process = subprocess.Popen([*command, str(delay)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self._process.stdout is None or not self._process.stdout.readline():
            raise RuntimeError("The delaying proxy did not start.")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()


def main() -> None:
    """Listens, says so, and relays until it is terminated."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.proxy")
    parser.add_argument("listen")
    parser.add_argument("server")
    parser.add_argument("delay", type=float, help="seconds, in each direction")
    arguments = parser.parse_args()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(arguments.listen)
    listener.listen(256)
    print("listening", flush=True)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    Relay(listener, arguments.server, arguments.delay).run()


def _end_with_parent() -> None:
    """Nobody terminates the relay of a run that was killed; but its standard input ends then."""
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
