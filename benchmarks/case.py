"""What is measured: the cases by name, and the settings (network delay, callers) each is measured in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

CONNECTIONS: Final = 4
"""Every peer with a pool has this many."""

CROWD: Final = 32
KEPT: Final = 16
"""Connections that a client of a server keeps open."""


@dataclass(frozen=True)
class Setting:
    """A case under one network delay (milliseconds, there and back) and a number of concurrent callers."""

    case: str
    rtt_ms: float
    concurrency: int


@dataclass(frozen=True)
class Case:
    """One operation of every peer: the peers' method of the same name.

    ``rows``: rows read or written by a call. ``calls``: how many make a slice; by default a slice is a time.
    ``last``: it changes the table, so it comes after the others.
    """

    name: str
    title: str
    rows: int
    writes: bool = False
    calls: int | None = None
    delays: tuple[float, ...] = (0, 1)
    crowds: tuple[int, ...] = (1, CROWD)
    last: bool = False

    def settings(self) -> list[Setting]:
        """Every setting of the case."""
        return [Setting(self.name, delay, crowd) for delay in self.delays for crowd in self.crowds]


CASES: Final = {
    case.name: case
    for case in (
        Case("list20", "list of 20 rows", 20),
        Case("point", "one row by its id", 1),
        Case("insert1", "insert of one row, returned", 1, writes=True),
        Case("update1", "update of one row, by its id", 1, writes=True),
        Case("batch3", "a list of 20, one row and a count in one transaction", 22),
        Case("http_list", "list of 20 rows over HTTP, one uvicorn worker", 20, delays=(0,), crowds=(1, KEPT)),
        Case("insert10000", "insert of 10,000 rows", 10_000, writes=True, calls=1, delays=(0,), crowds=(1,)),
        Case("slow", "list of 20 rows, while 1 in 100 statements takes 200 ms", 20, delays=(1,), crowds=(CROWD,)),
        Case("stream", "a million rows, one after the other", 1_000_000, calls=1, delays=(0,), crowds=(1,), last=True),
        Case("import", "import of the library, in a new process", 0, calls=1, delays=(0,), crowds=(1,)),
    )
}

OWN: Final = {
    "clone": "benchmarks.clone",
    r"(generate|check)\d+": "benchmarks.migration",
    r"(seal|open)(64|4k)|sealed20|rotate": "benchmarks.sealing",
    "live50|append10000": "benchmarks.live",
}
"""Programs of their own by what their cases are called: they have no peer in common with the others, and get the names."""


def own_programs(names: Sequence[str]) -> dict[str, list[str]]:
    """The programs that measure ``names``, with those that are theirs; for no names all programs, with none."""
    if not names:
        return {program: [] for program in OWN.values()}
    found: dict[str, list[str]] = {}
    for name in names:
        program = owner_of(name)
        if program is not None:
            found.setdefault(program, []).append(name)
    return found


def owner_of(name: str) -> str | None:
    """The program of its own that measures a case; None where there is none."""
    return next((program for pattern, program in OWN.items() if re.fullmatch(pattern, name)), None)


def known() -> str:
    """The names that can be asked for, as a sentence for a terminal."""
    return f"There are: {' '.join(CASES)} clone generateN checkN seal64 open64 seal4k open4k sealed20 rotate live50 append10000"
