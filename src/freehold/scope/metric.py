"""What a database did, as plain numbers: how long its statements took, how its connections were used."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final, Protocol

from freehold.errors import DatabaseError
from freehold.scope.plan import Call, Plan
from freehold.wire import PoolMetrics

_log: Final = logging.getLogger(__name__)
_STATEMENTS_KEPT: Final = 1000
_SLOW_SECONDS: Final = 0.025
_RECENT: Final = 0.2


@dataclass(frozen=True)
class StatementMetrics:
    """One shape of statement: seconds are those in which a connection worked on it."""

    sql: str
    calls: int
    rows: int
    errors: int
    seconds: float
    slowest: float


@dataclass(frozen=True)
class Metrics:
    """What a database did since it was made."""

    calls: int
    errors: int
    retries: int
    statements: tuple[StatementMetrics, ...]
    login: PoolMetrics | None
    service: PoolMetrics | None
    replica: PoolMetrics | None


class Spans(Protocol):
    """Where the spans of calls go."""

    def span(self, calls: Sequence[Call]) -> AbstractContextManager[Any]:
        """A span around ``calls``."""
        ...


class Tally:
    """The counts of one shape of statement; ``pace``: the seconds it took of late."""

    __slots__ = ("calls", "errors", "pace", "rows", "seconds", "slowest")

    def __init__(self) -> None:
        self.calls = self.rows = self.errors = 0
        self.seconds = self.slowest = self.pace = 0.0

    def add(self, rows: int, seconds: float) -> None:
        """Counts one call."""
        self.pace = seconds if not self.calls else self.pace + _RECENT * (seconds - self.pace)
        self.calls += 1
        self.rows += rows
        self.seconds += seconds
        self.slowest = max(self.slowest, seconds)


class Observer:
    """Counts the calls of a database, and says which take long.

    ``slow``: seconds from which a statement is logged, as SQL without values; ``plans``: and its plan. ``spans``: where
    spans go.
    """

    def __init__(self, *, slow: float | None = None, plans: bool = False, spans: Spans | None = None) -> None:
        self.plans = plans
        self.spans = spans
        self.retries = 0
        self.errors = 0
        self._slow = slow
        self._tallies: dict[Plan, Tally] = {}

    def note(self, calls: Sequence[Call], rows: Sequence[Sequence[Any]], seconds: float) -> bool:
        """Counts calls that were one exchange; whether they took so long that they were logged."""
        share = seconds / len(calls) if calls else 0.0
        for call, given in zip(calls, rows, strict=True):
            self._tally(call.plan).add(len(given), share)
        if self._slow is None or seconds < self._slow:
            return False
        _log.warning("slow: %.0f ms for %s", seconds * 1000, "; ".join(call.sql.decode() for call in calls))
        return True

    def explained(self, call: Call, plan: str) -> None:
        """Logs the plan of a slow statement; it has placeholders instead of values."""
        _log.warning("slow: the plan of %s\n%s", call.sql.decode(), plan)

    def unexplained(self, call: Call, error: DatabaseError) -> None:
        """Logs that there is no plan of a slow statement, and why."""
        _log.warning("slow: no plan of %s: %s", call.sql.decode(), error)

    def failed(self, calls: Sequence[Call]) -> None:
        """Counts calls that ended with an error."""
        self.errors += 1
        for call in calls:
            self._tally(call.plan).errors += 1

    def expects_slow(self, calls: Sequence[Call]) -> bool:
        """Whether one of the statements took so long of late that others should not queue behind it."""
        for call in calls:
            tally = self._tallies.get(call.plan)
            if tally is not None and tally.pace > _SLOW_SECONDS:
                return True
        return False

    def statements(self) -> tuple[StatementMetrics, ...]:
        """The statements, those first that took most of the time."""
        found = [
            StatementMetrics(str(plan), tally.calls, tally.rows, tally.errors, tally.seconds, tally.slowest)
            for plan, tally in self._tallies.items()
        ]
        return tuple(sorted(found, key=lambda each: -each.seconds))

    @property
    def calls(self) -> int:
        """How many statements gave an answer."""
        return sum(tally.calls for tally in self._tallies.values())

    def _tally(self, plan: Plan) -> Tally:
        tally = self._tallies.get(plan)
        if tally is None:
            tally = self._tallies[plan] = Tally()
            if len(self._tallies) > _STATEMENTS_KEPT:
                del self._tallies[next(iter(self._tallies))]
        return tally
