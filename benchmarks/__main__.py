"""``python -m benchmarks [CASES...]``: measures, and writes the results, a page and a chart.

Without cases it measures all of them and replaces the page of the documentation; with cases, only the results. Programs
of their own (see `benchmarks.case.OWN`) replace their section of the page whenever they run.
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from benchmarks.case import CASES, Case, known, own_programs, owner_of
from benchmarks.machine import Machine
from benchmarks.node import Node
from benchmarks.report import Facts, publish
from benchmarks.run import Run
from benchmarks.server import Server
from benchmarks.subject import PEERS, PeerError, Subject

_RESULTS: Final = Path(__file__).parent / "results"


def main() -> int:
    """The exit code: 0 when everything asked for was measured, 1 when a peer or a program failed, 2 for an unknown name."""
    options = _options()
    unknown = [name for name in options.cases if name not in CASES and owner_of(name) is None]
    if unknown:
        print(f"There is no case {' '.join(unknown)}. {known()}", file=sys.stderr)
        return 2
    for program, names in own_programs(options.cases).items():
        if subprocess.run([sys.executable, "-m", program, *names], check=False).returncode:
            return 1
    wanted = [case for case in CASES.values() if not options.cases or case.name in options.cases]
    if not wanted:
        return 0
    try:
        _measure(wanted, options)
    except PeerError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__, epilog=known())
    parser.add_argument("cases", nargs="*", metavar="CASE")
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=PEERS, metavar="PEER", help=" ".join(PEERS))
    parser.add_argument(
        "--loop", choices=("uvloop", "asyncio"), default=_best_loop(), help="of every asynchronous peer"
    )
    parser.add_argument("--rounds", type=int, default=5, help="how often the peers take turns in a setting")
    return parser.parse_args()


def _best_loop() -> str:
    return "uvloop" if importlib.util.find_spec("uvloop") else "asyncio"


def _measure(cases: Sequence[Case], options: argparse.Namespace) -> None:
    begun = time.monotonic()
    machine = Machine.look()
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fhb-")))
        node = Node(_RESULTS / "node")
        stack.callback(node.end)
        subjects: list[Subject] = []
        stack.callback(_end, subjects)
        subjects += [Subject.start(name, options.loop, node) for name in options.peers if name != "drizzle"]
        server = stack.enter_context(Server.start(directory))
        stack.callback(_end, subjects)  # once more: before the server goes
        subjects += [Subject.start(name, options.loop, node) for name in options.peers if name == "drizzle"]
        taking_part = _greeted(subjects)
        print(f"ready after {time.monotonic() - begun:.1f} s")
        run = Run(server, taking_part, options.rounds, print)
        round_trips = {0: server.round_trip_us(), 1: server.round_trip_us(server.delayed)}
        results = run.measure(cases)
        facts = Facts(machine, server.version, options.loop, options.rounds, subjects, round_trips, options.cases)
    publish(results, facts, _RESULTS)
    print(f"{time.monotonic() - begun:.0f} s in all")


def _end(subjects: Sequence[Subject]) -> None:
    for subject in subjects:
        subject.end()


def _greeted(subjects: Sequence[Subject]) -> list[Subject]:
    for subject in subjects:
        subject.greet()
        if subject.skipped:
            print(f"{subject.name}: left out: {subject.skipped}")
    return [subject for subject in subjects if subject.skipped is None]


if __name__ == "__main__":
    sys.exit(main())
