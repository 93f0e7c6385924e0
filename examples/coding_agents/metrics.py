"""What the process does, in numbers, for Prometheus: requests, tasks, credentials, secrets. Labels never hold anybody's ids."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import Final, TypeAlias

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from examples.coding_agents.runner import Runner
from freehold.auth import Outcomes
from freehold.scope import Database

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
_Counts: TypeAlias = Mapping[tuple[str, ...], float]


class Metrics:
    """The numbers of one application; ``credentials``: what became of those that were shown, by kind."""

    media_type: Final = CONTENT_TYPE_LATEST

    def __init__(self, db: Database, runner: Runner, credentials: Mapping[str, Outcomes]) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "http_requests", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "http_request_seconds",
            "How long answers took, up to their first byte.",
            ("route",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        listeners = Gauge("log_listeners", "Live log streams that are open.", registry=self.registry)
        listeners.set_function(lambda: runner.changes.listeners)
        runs = Gauge("task_runs", "Tasks that run in this process.", registry=self.registry)
        runs.set_function(lambda: runner.running)
        told = "Credentials that were shown, by what became of them."
        self.registry.register(_Kept("credentials", told, ("kind", "outcome"), lambda: _outcomes(credentials)))
        told = "Sealed values that did not open, and those of the platform before that were read."
        self.registry.register(_Kept("sealed_values", told, ("outcome",), lambda: _sealing(db)))

    def text(self) -> bytes:
        """The numbers as Prometheus reads them."""
        return generate_latest(self.registry)


class _Kept(Collector):
    """Counters that the library keeps, read when they are asked for."""

    def __init__(self, name: str, about: str, labels: tuple[str, ...], read: Callable[[], _Counts]) -> None:
        self._name, self._about, self._labels, self._read = name, about, labels, read

    def collect(self) -> Iterable[CounterMetricFamily]:
        family = CounterMetricFamily(self._name, self._about, labels=self._labels)
        for labels, count in self._read().items():
            family.add_metric(labels, count)
        return [family]


def _outcomes(credentials: Mapping[str, Outcomes]) -> _Counts:
    counts: dict[tuple[str, ...], float] = {(kind, "accepted"): each.accepted for kind, each in credentials.items()}
    for kind, each in credentials.items():
        counts |= {(kind, reason): count for reason, count in each.refused.items()}
    return counts


def _sealing(db: Database) -> _Counts:
    return {(outcome,): count for outcome, count in asdict(db.sealing).items()}
