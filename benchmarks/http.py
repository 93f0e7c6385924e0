"""The list of 20 over HTTP: a process that serves it (`benchmarks.serve`), and a client that costs next to nothing."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from benchmarks.login import Where
from benchmarks.peer import Peer
from benchmarks.workload import COLUMNS, Job, Row

KEY: Final = b"a key of thirty-two bytes, or so"
LOGIN: Final = "BENCHMARK_LOGIN"
CONNECTIONS: Final = "BENCHMARK_CONNECTIONS"
_ROOT: Final = Path(__file__).parents[1]
_PATIENCE: Final = 30.0


class HttpPeer(Peer):
    """A peer that is a server, which its module's ``create_app`` makes: its calls are requests, on connections that are kept."""

    async def open(self, where: Where, connections: int) -> None:
        """Starts the server and waits until it answers."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self._port: int = listener.getsockname()[1]
            environment = {**os.environ, LOGIN: json.dumps(asdict(where)), CONNECTIONS: str(connections)}
            command = [sys.executable, "-m", "benchmarks.serve", type(self).__module__, str(listener.fileno())]
            self._server = subprocess.Popen(  # noqa: ASYNC220 - once, before anything is timed
                command,
                cwd=_ROOT,
                env=environment,
                pass_fds=(listener.fileno(),),
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
            )
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._tokens: dict[str, str] = {}
        async with asyncio.timeout(_PATIENCE):
            await self._request("/openapi.json", "")

    async def close(self) -> None:
        """Ends the server."""
        for _, writer in self._idle:
            writer.close()
        self._server.terminate()
        self._server.wait(10)

    def prepare(self, jobs: Sequence[Job]) -> None:
        """Signs everybody in."""
        from freehold.auth import DevelopmentSessions  # noqa: PLC0415 - only where it is used

        sessions = DevelopmentSessions(KEY)
        self._tokens |= {user: sessions.issue(user, email=f"{user}@example.com") for user in {job.user for job in jobs}}

    async def http_list(self, job: Job) -> Any:
        """One request; the body, unread."""
        return await self._request("/tasks", self._tokens[job.user])

    def plain(self, row: Any) -> Row:
        """The columns of a task in JSON."""
        return tuple(row[name] for name in COLUMNS)

    async def _request(self, path: str, token: str) -> bytes:
        if self._idle:
            reader, writer = self._idle.pop()
        else:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        body = await reader.readexactly(length)
        if not head.startswith(b"http/1.1 200"):
            raise RuntimeError(body.decode())
        self._idle.append((reader, writer))
        return body
