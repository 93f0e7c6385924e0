"""The arithmetic: from the slices of a run to medians, percentiles, spread and ratios.

Peers take turns within each round, so a round compares them under the same conditions: a ratio is the median of the
ratios of the rounds, and a disturbance of the machine that lasts longer than a round cancels out.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.case import CASES, Setting


@dataclass(frozen=True)
class Slice:
    """One turn of a peer: the time of every call, and of all of them together, in nanoseconds.

    ``memory``: the bytes by which the peer's process grew at most meanwhile, where the system tells.
    """

    samples: Sequence[int]
    elapsed: int
    memory: int | None = None

    @property
    def median(self) -> float:
        """The median time of a call, in nanoseconds."""
        return statistics.median(self.samples)

    @property
    def pace(self) -> float:
        """Time by call, in nanoseconds: what throughput is the inverse of."""
        return self.elapsed / len(self.samples)


@dataclass
class Measurement:
    """A peer in one setting, a slice for every round."""

    setting: Setting
    peer: str
    slices: list[Slice] = field(default_factory=list)

    @property
    def median_us(self) -> float:
        """Median time of a call."""
        return statistics.median(self._samples()) / 1000

    @property
    def p95_us(self) -> float:
        """Time within which 95 of 100 calls ended."""
        return percentile(self._samples(), 95) / 1000

    @property
    def p99_us(self) -> float:
        """Time within which 99 of 100 calls ended."""
        return percentile(self._samples(), 99) / 1000

    @property
    def spread(self) -> float:
        """How far the rounds lie apart: the distance of the quartiles of their medians, divided by the median."""
        medians = [each.median for each in self.slices]
        if len(medians) < 2:
            return 0.0
        low, _, high = statistics.quantiles(medians, n=4, method="inclusive")
        return (high - low) / statistics.median(medians)

    @property
    def calls(self) -> int:
        """How many calls were timed."""
        return sum(len(each.samples) for each in self.slices)

    @property
    def calls_per_s(self) -> float:
        """Throughput."""
        return self.calls / sum(each.elapsed for each in self.slices) * 1e9

    @property
    def rows_per_s(self) -> float:
        """Throughput in rows."""
        return self.calls_per_s * CASES[self.setting.case].rows

    @property
    def memory(self) -> int | None:
        """The bytes by which the peer's process grew at most during a turn."""
        return max((each.memory for each in self.slices if each.memory is not None), default=None)

    def weights(self) -> list[float]:
        """What the rounds are compared by: the median call of a single caller, the pace of many."""
        return [each.median if self.setting.concurrency == 1 else each.pace for each in self.slices]

    def _samples(self) -> list[int]:
        return [sample for each in self.slices for sample in each.samples]


def percentile(samples: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile: a value that was measured, never one between two."""
    ordered = sorted(samples)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def ratio(measured: Measurement, against: Measurement) -> float:
    """How long ``measured`` takes, in units of ``against``; below 1 it is the faster one.

    Of the same setting they are compared round by round, otherwise by their medians.
    """
    if measured.setting != against.setting:
        return statistics.median(measured.weights()) / statistics.median(against.weights())
    pairs = zip(measured.weights(), against.weights(), strict=True)
    return statistics.median(mine / theirs for mine, theirs in pairs)


@dataclass
class Results:
    """Everything that was measured."""

    measurements: dict[tuple[Setting, str], Measurement] = field(default_factory=dict)

    def add(self, setting: Setting, peer: str, slice_: Slice) -> None:
        """Adds a peer's turn."""
        self.measurements.setdefault((setting, peer), Measurement(setting, peer)).slices.append(slice_)

    def of(self, setting: Setting) -> dict[str, Measurement]:
        """The measurements of a setting by peer."""
        return {peer: each for (where, peer), each in self.measurements.items() if where == setting}

    def ratio(self, setting: Setting, peer: str, against: str, other: Setting | None = None) -> float | None:
        """`ratio` of two peers, or None where one of them was not measured."""
        mine = self.measurements.get((setting, peer))
        theirs = self.measurements.get((other or setting, against))
        return None if mine is None or theirs is None else ratio(mine, theirs)

    def tail_ratio(self, setting: Setting, peer: str, other: Setting) -> float | None:
        """How a peer's 99th percentile in one setting compares with that in another."""
        mine, theirs = self.measurements.get((setting, peer)), self.measurements.get((other, peer))
        return None if mine is None or theirs is None else mine.p99_us / theirs.p99_us

    def records(self, floors: Mapping[str, str]) -> list[dict[str, Any]]:
        """One record for each measurement; ``floors``: the peer that a case's ratios are against."""
        return [self._record(each, floors[each.setting.case]) for each in self.measurements.values()]

    def _record(self, each: Measurement, floor: str) -> dict[str, Any]:
        against = self.ratio(each.setting, each.peer, floor)
        return {
            "case": each.setting.case,
            "peer": each.peer,
            "rtt_ms": each.setting.rtt_ms,
            "concurrency": each.setting.concurrency,
            "median_us": round(each.median_us, 1),
            "p95_us": round(each.p95_us, 1),
            "rows_per_s": round(each.rows_per_s),
            "ratio_to_floor": None if against is None else round(against, 3),
        }
