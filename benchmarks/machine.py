"""What the numbers were measured on: without it they say nothing."""

from __future__ import annotations

import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_QUIET: Final = 0.1


@dataclass(frozen=True)
class Machine:
    """The machine, and how much of it was busy with something else just before the run."""

    processor: str
    cores: int
    memory_gb: int
    system: str
    python: str
    busy: float | None
    load: float

    @classmethod
    def look(cls) -> Machine:
        """This machine: its last minute, and half a second of now."""
        pages = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        return cls(
            processor=_processor(),
            cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
            memory_gb=round(pages / 2**30),
            system=f"{platform.system()} {platform.release().partition('-')[0]} {platform.machine()}",
            python=f"{platform.python_implementation()} {platform.python_version()}",
            busy=_busy(0.5),
            load=os.getloadavg()[0],
        )

    @property
    def quiet(self) -> bool:
        """Whether a tenth of it at most was busy, now and in the last minute."""
        return (self.busy or 0) <= _QUIET and self.load <= _QUIET * self.cores


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _busy(seconds: float) -> float | None:
    """The share of the processor's time that was used, by whatever else runs."""
    statistics = Path("/proc/stat")
    if not statistics.exists():
        return None
    before = _ticks(statistics)
    time.sleep(seconds)
    after = _ticks(statistics)
    spent = [late - early for early, late in zip(before, after, strict=True)]
    return round(1 - (spent[3] + spent[4]) / max(1, sum(spent)), 2)


def _ticks(statistics: Path) -> list[int]:
    """User, nice, system, idle, iowait, irq, softirq, steal."""
    return [int(field) for field in statistics.read_text().splitlines()[0].split()[1:9]]
