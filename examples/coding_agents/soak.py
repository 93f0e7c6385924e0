"""``make soak``: people create tasks and continue them while servers, runners and the database are ended and begun again.

In the end every task that was asked for is there once and has ended well, and no line of any log is missing or doubled.
``SOAK_SECONDS`` says how long the trouble lasts, 240 by default.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import signal
import socket
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx
import uvicorn
from sqlalchemy import func, select

from examples.coding_agents.app import create_app
from examples.coding_agents.logger import set_up
from examples.coding_agents.logs import read_log
from examples.coding_agents.models import MESSAGES_A_DAY, PlatformSetting, Setting, Task
from examples.coding_agents.place import HOST, platform_settings, prepare
from examples.coding_agents.report import out, run_program
from examples.coding_agents.run import Terms
from examples.coding_agents.runner import SubprocessRunner
from examples.coding_agents.seed import PEOPLE, seed
from freehold.auth import DevelopmentSessions
from freehold.scope import Database, keys_of, set_
from freehold.server import Endpoints
from freehold.settings import Settings

LINES: Final = 20
_SERVERS: Final = 2
_PATIENCE_SECONDS: Final = 60.0
_AGENT: Final = f"""
import json, sys, time
task = json.load(sys.stdin)
run = f"{{task['attempt']}}-{{time.time_ns()}}"
for number in range(1, {LINES} + 1):
    print(f"{{run}} {{number}} {{len(task['messages'])}}", flush=True)
    time.sleep(0.05)
"""
_COMMAND: Final[Sequence[str]] = (sys.executable, "-I", "-u", "-c", _AGENT)


@dataclass
class Tally:
    """What happened."""

    created: dict[str, str] = field(default_factory=dict[str, str])
    continued: Counter[str] = field(default_factory=Counter[str])
    did: Counter[str] = field(default_factory=Counter[str])


def main() -> int:
    """Prepares a database of its own, makes trouble, and looks at what is left; 1 if anything is lost or doubled."""
    if sys.argv[1:2] == ["--serve"]:
        return asyncio.run(_serve(int(sys.argv[2])))
    set_up("ERROR")
    seconds = float(os.environ.get("SOAK_SECONDS", "240"))
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        os.environ["FREEHOLD_DIRECTORY"] = folder
        return asyncio.run(_soak(platform_settings(), seconds))


async def _serve(port: int) -> int:
    """A server with a runner, until it is told to end."""
    set_up("CRITICAL")
    logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)  # that the database is away is the point
    settings = platform_settings()
    sessions = DevelopmentSessions.from_directory(settings.directory)
    with prepare(settings) as endpoints:
        async with _database(settings, endpoints) as db:
            terms = Terms(_COMMAND, grace=0.5, heartbeat=0.5, stale=3.0, attempts=1000)
            app = create_app(db, sessions, SubprocessRunner(db, terms, at_once=4))
            config = uvicorn.Config(app, host=HOST, port=port, log_config=None, timeout_graceful_shutdown=1)
            await uvicorn.Server(config).serve()
    return 0


def _database(settings: Settings, endpoints: Endpoints) -> Database:
    return Database(endpoints.login, service_dsn=endpoints.service, keys=keys_of(settings))


class _Place:
    """The servers and the database server, which can be ended and begun again."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.ports = [_free_port() for _ in range(_SERVERS)]
        self._servers: dict[int, asyncio.subprocess.Process] = {}

    async def begin(self, port: int) -> None:
        """Starts the server on ``port``."""
        module = "examples.coding_agents.soak"
        self._servers[port] = await asyncio.create_subprocess_exec(sys.executable, "-m", module, "--serve", str(port))

    async def end(self, port: int, number: signal.Signals) -> None:
        """Ends the server on ``port``."""
        server = self._servers[port]
        with suppress(ProcessLookupError):
            server.send_signal(number)
        await server.wait()

    async def close(self) -> None:
        """Ends every server."""
        for port in self._servers:
            await self.end(port, signal.SIGKILL)

    def postmaster(self) -> int:
        """The process id of the database server."""
        file = self.settings.directory / "server" / "postgres" / "postmaster.pid"
        return int(Path(file).read_text().splitlines()[0])


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as listener:
        return int(listener.getsockname()[1])


async def _soak(settings: Settings, seconds: float) -> int:
    tally, place = Tally(), _Place(settings)
    with ExitStack() as stack:
        endpoints = stack.enter_context(prepare(settings))
        async with _database(settings, endpoints) as db:
            await _unlimited(db)
        try:
            for port in place.ports:
                await place.begin(port)
            await _trouble(place, tally, stack, time.monotonic() + seconds)
            async with _database(settings, endpoints) as db:
                await _ended(db)
                return await _told(db, tally, seconds)
        finally:
            await place.close()


async def _unlimited(db: Database) -> None:
    await seed(db)
    service = db.as_service(reason="soak", all_users=True)
    await service.update(Setting, Setting.key == MESSAGES_A_DAY, set_(Setting.value, "1000000"))
    await service.insert(PlatformSetting(key=MESSAGES_A_DAY, value="1000000"))


async def _trouble(place: _Place, tally: Tally, stack: ExitStack, until: float) -> None:
    people = [asyncio.create_task(_work(place, tally, each.id, until)) for each in PEOPLE]
    chance = random.Random(1)  # noqa: S311 - trouble, not secrets
    while time.monotonic() < until - 5:
        await asyncio.sleep(chance.uniform(2, 5))
        what = chance.choice(("kill", "stop", "database"))
        tally.did[what] += 1
        if what == "database":
            os.kill(place.postmaster(), signal.SIGINT)
            await asyncio.sleep(1)
            stack.enter_context(await asyncio.to_thread(prepare, place.settings))
            continue
        port = chance.choice(place.ports)
        await place.end(port, signal.SIGKILL if what == "kill" else signal.SIGTERM)
        await place.begin(port)
    await asyncio.gather(*people)


async def _work(place: _Place, tally: Tally, user_id: str, until: float) -> None:
    """Somebody who creates tasks and continues them, and asks again until there is an answer."""
    token = DevelopmentSessions.from_directory(place.settings.directory).issue(user_id)
    chance = random.Random(user_id)  # noqa: S311 - as above
    mine: list[str] = []
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=10, trust_env=False) as client:
        while time.monotonic() < until:
            if mine and chance.random() < 0.4:
                id_ = chance.choice(mine)
                answer = await _insist(client, place, tally, f"/tasks/{id_}/continue", {"content": "more"})
                tally.continued[id_] += answer.status_code == 200
            else:
                prompt = str(uuid4())
                answer = await _insist(client, place, tally, "/tasks", {"prompt": prompt})
                tally.created[answer.json()["id"]] = prompt
                mine.append(answer.json()["id"])
            await asyncio.sleep(chance.uniform(0.2, 0.8))


async def _insist(client: httpx.AsyncClient, place: _Place, tally: Tally, path: str, body: Any) -> httpx.Response:
    """The answer to a request that happens once, however often it has to be sent."""
    headers = {"Idempotency-Key": str(uuid4())}
    while True:
        port = random.choice(place.ports)  # noqa: S311 - as above
        with suppress(httpx.HTTPError):
            answer = await client.post(f"http://{HOST}:{port}{path}", json=body, headers=headers)
            under_way = answer.status_code == 409 and answer.json()["code"] == "FH608"
            if answer.status_code < 500 and not under_way:
                return answer
        tally.did["sent again"] += 1
        await asyncio.sleep(0.3)


async def _ended(db: Database) -> None:
    """Returns when nothing waits or runs any more."""
    service = db.as_service(reason="soak", all_users=True)
    live = select(func.count()).select_from(Task).where(Task.status.in_(("pending", "processing")))
    async with asyncio.timeout(_PATIENCE_SECONDS + 3 * len(PEOPLE)):
        while await service.one(live):  # noqa: ASYNC110 - what changes is in the database
            await asyncio.sleep(0.5)


async def _told(db: Database, tally: Tally, seconds: float) -> int:
    faults: list[str] = []
    ids: list[str] = []
    lines = 0
    for person in PEOPLE:
        scope = db.as_user(person.id)
        rows = await scope.all(select(Task.id, Task.prompt, Task.status).where(Task.id.not_like("demo-%")))
        ids += [id_ for id_, *_ in rows]
        for id_, prompt, status in rows:
            messages = [each.message for each in (await read_log(scope, id_, after=0, limit=100_000)).entries]
            runs = _runs(messages)
            lines += sum(map(len, runs.values()))
            whole = [numbers for numbers in runs.values() if len(numbers) == LINES]
            if tally.created.get(id_) != prompt or status != "completed":
                faults.append(f"{id_} is {status}, and was asked for as {tally.created.get(id_)}")
            if any(numbers != list(range(1, len(numbers) + 1)) for numbers in runs.values()):
                faults.append(f"{id_} has a log with lines missing or doubled")
            if len(whole) < 1 + tally.continued[id_]:  # a run may end well and its runner die before it says so
                faults.append(f"{id_} was begun {1 + tally.continued[id_]} times, and ended well {len(whole)} times")
    lost, doubled = set(tally.created) - set(ids), len(ids) - len(set(ids))
    faults += [f"{id_} is lost" for id_ in lost] + [f"{doubled} are doubled"] * bool(doubled)
    did = ", ".join(f"{what} {count}" for what, count in sorted(tally.did.items()))
    out.print(f"[bold]{seconds:.0f} s of trouble[/]: {did}")
    out.print(f"{len(ids)} tasks, continued {sum(tally.continued.values())} times, {lines} lines of log")
    for fault in faults[:20]:
        out.print(f"[bold red]{fault}[/]")
    out.print("[bold red]something is wrong[/]" if faults else "[bold green]nothing lost, nothing doubled[/]")
    return 1 if faults else 0


def _runs(messages: list[str]) -> dict[str, list[int]]:
    """The numbers of the lines that each run printed, in the order of the log."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for message in messages:
        run, *rest = message.split(" ")
        if len(rest) == 2 and rest[0].isdecimal():
            found[run].append(int(rest[0]))
    return found


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        sys.exit(main())
    run_program("examples.coding_agents.soak", "Make trouble for the platform, and look at what is left.", main)
