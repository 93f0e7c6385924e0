"""The process of one peer: it does what the harness asks for, one JSON object a line, and answers the same way.

Each peer has a process of its own, so that no library's imports, garbage or settings weigh on another's.
``peers/drizzle.mjs`` speaks the same language.
"""

from __future__ import annotations

import asyncio
import importlib
import itertools
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TextIO

from benchmarks.drive import drive, drive_threads
from benchmarks.login import Where
from benchmarks.memory import memory_before, memory_since
from benchmarks.peer import Peer
from benchmarks.workload import Job, plain


class Worker:
    """A peer, and the jobs it goes through."""

    def __init__(self, peer: Peer, runner: asyncio.Runner) -> None:
        self._peer = peer
        self._runner = runner
        self._jobs: Iterator[Job] = iter(())

    def answer(self, message: dict[str, Any]) -> dict[str, Any]:
        """Does what ``message`` says."""
        actions: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "open": self._open,
            "close": self._close,
            "jobs": self._take,
            "verify": self._verify,
            "measure": self._measure,
        }
        return actions[message["do"]](message)

    def _open(self, message: dict[str, Any]) -> dict[str, Any]:
        self._runner.run(self._peer.open(Where(**message["where"]), message["connections"]))
        return {}

    def _close(self, message: dict[str, Any]) -> dict[str, Any]:
        self._runner.run(self._peer.close())
        return {}

    def _take(self, message: dict[str, Any]) -> dict[str, Any]:
        jobs = [Job(**each) for each in message["jobs"]]
        self._peer.prepare(jobs)
        self._jobs = itertools.cycle(jobs)
        return {}

    def _verify(self, message: dict[str, Any]) -> dict[str, Any]:
        """One call; the rows it gave, or None for a call that gives none."""
        job = Job(**message["job"])
        self._peer.prepare([job])
        verb: Any = getattr(self._peer, message["case"])
        given = verb(job) if self._peer.threads else self._runner.run(_awaited(verb, job))
        return {"given": self._plain(message["case"], given)}

    def _plain(self, case: str, given: Any) -> Any:
        if case == "http_list":
            return [self._row({**each, **_moments(each)}) for each in json.loads(given)["tasks"]]
        if case == "list20":
            return [self._row(each) for each in given]
        if case == "stream":
            return given
        if case == "batch3":
            tasks, task, count = given
            return [[self._row(each) for each in tasks], self._row(task), count]
        return self._row(given)

    def _row(self, given: Any) -> list[Any] | None:
        return None if given is None or isinstance(given, int) else plain(self._peer.plain(given))

    def _measure(self, message: dict[str, Any]) -> dict[str, Any]:
        verb: Any = getattr(self._peer, message["case"])
        before = memory_before()
        limits = (message["concurrency"], message["seconds"], message["calls"])
        if self._peer.threads:
            samples, elapsed = drive_threads(verb, self._jobs, *limits)
        else:
            samples, elapsed = self._runner.run(drive(verb, self._jobs, *limits))
        return {"samples": samples, "elapsed": elapsed, "memory": memory_since(before)}


def _versions(peer: Peer) -> dict[str, str]:
    versions: dict[str, str] = {}
    for package in peer.packages:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:  # run from a checkout that is not installed
            versions[package] = "this checkout"
    return versions


def _moments(task: dict[str, Any]) -> dict[str, datetime]:
    """The timestamps of a task in JSON."""
    return {name: datetime.fromisoformat(task[name]) for name in ("created_at", "updated_at")}


async def _awaited(verb: Any, job: Job) -> Any:
    return await verb(job)


def main() -> None:
    """``python -m benchmarks.worker PEER LOOP``."""
    name, loop = sys.argv[1:]
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    try:
        peer: Peer = importlib.import_module(f"benchmarks.peers.{name}").PEER()
    except ModuleNotFoundError as error:
        _reply(replies, {"skipped": f"{error.name} is not installed"})
        return
    with asyncio.Runner(loop_factory=_factory(loop)) as runner:
        _reply(
            replies,
            {
                "title": peer.title,
                "scoped": peer.scoped,
                "note": peer.note,
                "cases": peer.cases(),
                "packages": _versions(peer),
            },
        )
        worker = Worker(peer, runner)
        for line in sys.stdin:
            try:
                answer = worker.answer(json.loads(line))
            except Exception:  # noqa: BLE001 - the harness reports it
                answer = {"error": traceback.format_exc()}
            _reply(replies, answer)
        os._exit(0)  # a run that was broken off has left connections open, and nobody waits for them


def _factory(loop: str) -> Callable[[], asyncio.AbstractEventLoop]:
    if loop == "uvloop":
        import uvloop  # noqa: PLC0415 - optional

        return uvloop.new_event_loop
    return asyncio.new_event_loop


def _reply(replies: TextIO, answer: dict[str, Any]) -> None:
    replies.write(json.dumps(answer) + "\n")
    replies.flush()


if __name__ == "__main__":
    main()
