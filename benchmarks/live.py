"""``python -m benchmarks.live [CASES...]``: the platform's logs, at work.

``live50``: from the moment an agent prints a line until each of 50 browsers that watch the task over HTTP has it: through
the runner, the database and the server, which is a process of its own. ``append10000``: appending the 10,000th line of a
log, beside the first ones of another.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import socket
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import uvicorn

import examples.coding_agents
from benchmarks.section import Section
from benchmarks.throwaway import database_with
from examples.coding_agents.app import create_app
from examples.coding_agents.claim import Journal, claim_next, entry
from examples.coding_agents.logger import set_up
from examples.coding_agents.logs import MOST_ENTRIES
from examples.coding_agents.models import Task, User
from examples.coding_agents.run import Terms
from examples.coding_agents.runner import SubprocessRunner
from freehold import Database, Sealed
from freehold.auth import DevelopmentSessions
from freehold.encryption import RingKey, TextKeys
from freehold.migrations.history import load
from freehold.wire import PoolSize

CASES: Final = ("live50", "append10000")
_SECTION: Final = Section(
    "live",
    "the logs of the platform",
    "`live50`: from an agent's `print` until each of 50 listeners has the line, over HTTP; runner and server are one process, "
    "the listeners another. `append10000`: an append at the end of a log of the greatest length, beside one to a short log, in "
    "turns.",
    ("case", "freehold", "against", "ratio or most", "target", ""),
)
_KEY: Final = b"a key of thirty-two bytes, or so"
_USER: Final = "ada"
_LISTENERS: Final = 50
_LINES: Final = 100
_GAP: Final = 0.05
_LATEST_MS: Final = 200.0
_APPENDS: Final = 200
_APPEND_MOST: Final = 1.2
_PATIENCE: Final = 60.0
# It waits for the listeners, then says what time it is.
_AGENT: Final = f"""
import time
time.sleep(2)
for _ in range({_LINES}):
    print(time.time_ns(), flush=True)
    time.sleep({_GAP})
"""


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=" ".join(CASES))
    wanted = parser.parse_args().cases or CASES
    if unknown := sorted(set(wanted) - set(CASES)):
        parser.error(f"no case {' '.join(unknown)}; there are {' '.join(CASES)}")
    keys, rows = RingKey.new("bench").text, dict[str, tuple[str, ...]]()
    with database_with(_revisions()) as (login, service):
        for case, measure in zip(CASES, (_live, _append), strict=True):
            if case in wanted:
                rows[case] = asyncio.run(measure(login, service, keys))
                print(f"{case}: {', '.join(cell for cell in rows[case] if cell)}", flush=True)
    _SECTION.keep(rows)
    return 0


def _revisions() -> Iterator[str]:
    for revision in load(Path(examples.coding_agents.__path__[0]) / "migrations").revisions:
        yield from revision.up.statements


def _database(login: str, service: str, keys: str) -> Database:
    return Database(login, service_dsn=service, size=PoolSize(largest=8, shared=4), keys=TextKeys(keys))


async def _with_user(db: Database) -> None:
    user = User(provider="github", external_id="1", access_token=Sealed("t"), username=_USER)
    user.id = _USER
    if not await db.as_user(_USER).all(User.__table__.select().with_only_columns(User.id)):
        await db.as_service(reason="bench", all_users=True).insert(user)


# Live lines ----------------------------------------------------------------------------------------------------------


async def _live(login: str, service: str, keys: str) -> tuple[str, ...]:
    async with _database(login, service, keys) as db:
        await _with_user(db)
        task = await db.as_user(_USER).insert(Task(prompt="say what time it is"))
    with _served(login, service, keys) as port:
        listened = await asyncio.gather(*(_listen(port, task.id) for _ in range(_LISTENERS)))
    late = sorted(each for several in listened for each in several)
    if len(late) != _LISTENERS * _LINES:
        raise RuntimeError(f"{len(late)} of {_LISTENERS * _LINES} lines arrived")
    median, most = statistics.median(late), late[int(len(late) * 0.99)]
    verdict = "reached" if most <= _LATEST_MS else "**missed**"
    return f"{median:.0f} ms", f"slowest {late[-1]:.0f} ms", f"99 %: {most:.0f} ms", f"≤ {_LATEST_MS:g} ms", verdict


async def _listen(port: int, task: str) -> list[float]:
    """Milliseconds until each of the agent's lines was here."""
    token = DevelopmentSessions(_KEY).issue(_USER)
    late: list[float] = []
    async with asyncio.timeout(_PATIENCE):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"GET /tasks/{task}/logs/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n"
        writer.write(head.encode())
        if b" 200 " not in await reader.readline():
            raise RuntimeError("the stream was refused")
        event = b""
        while event != b"end" and (line := await reader.readline()):
            if line.startswith(b"event: "):
                event = line[7:].strip()
            elif event == b"log" and line.startswith(b"data: "):
                message = json.loads(line[6:])["message"]
                if message.isdigit():
                    late.append((time.time_ns() - int(message)) / 1e6)
        writer.close()
    return late


@contextmanager
def _served(login: str, service: str, keys: str) -> Iterator[int]:
    """The port of the platform, in a process of its own."""
    context = multiprocessing.get_context("spawn")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ready = context.Event()
        process = context.Process(target=_serve, args=(login, service, keys, listener, ready))
        process.start()
        try:
            if not ready.wait(_PATIENCE):
                raise RuntimeError("the platform did not start")
            yield int(listener.getsockname()[1])
        finally:
            process.terminate()
            process.join(_PATIENCE)


def _serve(login: str, service: str, keys: str, listener: socket.socket, ready: Any) -> None:
    set_up("WARNING")  # its line for each request would stand between the figures

    async def serve() -> None:
        async with _database(login, service, keys) as db:
            runner = SubprocessRunner(db, Terms((sys.executable, "-I", "-c", _AGENT)))
            app = create_app(db, DevelopmentSessions(_KEY), runner)
            server = uvicorn.Server(
                uvicorn.Config(app, log_config=None, log_level="error", timeout_graceful_shutdown=1)
            )
            ready.set()
            await server.serve(sockets=[listener])

    asyncio.run(serve())


# Appending -----------------------------------------------------------------------------------------------------------


async def _append(login: str, service: str, keys: str) -> tuple[str, ...]:
    async with _database(login, service, keys) as db:
        await _with_user(db)
        long, short = await _journal(db), await _journal(db)
        full = MOST_ENTRIES - _APPENDS
        for begun in range(0, full, 500):
            await long.report([entry("info", f"{n}") for n in range(begun, min(begun + 500, full))], 0)
        turns = [[await _appended(each) for each in (long, short)] for _ in range(_APPENDS)]
    ours, theirs = (statistics.median(each) for each in zip(*turns, strict=True))
    ratio = ours / theirs
    verdict = "reached" if ratio <= _APPEND_MOST else "**missed**"
    return f"{ours:.0f} µs", f"{theirs:.0f} µs", f"{ratio:.2f} x", f"≤ {_APPEND_MOST:g} x", verdict


async def _journal(db: Database) -> Journal:
    await db.as_user(_USER).insert(Task(prompt="write"))
    claim = await claim_next(db)
    if claim is None:
        raise RuntimeError("there is no task to claim")
    return Journal(db, claim)


async def _appended(journal: Journal) -> float:
    """Microseconds of appending one line."""
    begun = time.perf_counter_ns()
    if not await journal.report([entry("info", "one line")], 0):
        raise RuntimeError("the task is not this run's any more")
    return (time.perf_counter_ns() - begun) / 1000


if __name__ == "__main__":
    sys.exit(main())
