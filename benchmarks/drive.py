"""Calls in a closed loop: each caller makes its next call when it has its answer, until the time is over."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from time import perf_counter_ns
from typing import Any

from benchmarks.peer import UNTIMED
from benchmarks.workload import Job

Verb = Callable[[Job], Awaitable[Any]]
Blocking = Callable[[Job], Any]


def _over(deadline: int, calls: int, samples: list[int]) -> bool:
    return perf_counter_ns() >= deadline and len(samples) >= calls


async def drive(verb: Verb, jobs: Iterator[Job], concurrency: int, seconds: float, calls: int) -> tuple[list[int], int]:
    """The time of every call and of all of them, in nanoseconds: at least ``calls``, and at least ``seconds`` long."""
    samples: list[int] = []
    begun = perf_counter_ns()
    deadline = begun + int(seconds * 1e9)

    async def caller() -> None:
        while not _over(deadline, calls, samples):
            job = next(jobs)
            sent = perf_counter_ns()
            if await verb(job) is not UNTIMED:
                samples.append(perf_counter_ns() - sent)

    if concurrency == 1:
        await caller()
    else:
        await asyncio.gather(*(caller() for _ in range(concurrency)))
    return samples, perf_counter_ns() - begun


def drive_threads(
    verb: Blocking, jobs: Iterator[Job], concurrency: int, seconds: float, calls: int
) -> tuple[list[int], int]:
    """The same for calls that block, each caller in a thread."""
    samples: list[int] = []
    failures: list[BaseException] = []
    begun = perf_counter_ns()
    deadline = begun + int(seconds * 1e9)

    def caller() -> None:
        try:
            while not _over(deadline, calls, samples):
                job = next(jobs)
                sent = perf_counter_ns()
                verb(job)
                samples.append(perf_counter_ns() - sent)
        except BaseException as error:  # noqa: BLE001 - raised in the thread that waits
            failures.append(error)

    if concurrency == 1:
        caller()
    else:
        threads = [threading.Thread(target=caller) for _ in range(concurrency)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if failures:
        raise failures[0]
    return samples, perf_counter_ns() - begun
