"""What the process does, in numbers, for Prometheus: requests, tasks, connections. Labels never hold anybody's ids."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """The numbers of one application."""

    media_type: Final = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
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
        self.listeners = Gauge("log_listeners", "Live log streams that are open.", registry=self.registry)
        self.runs = Gauge("task_runs", "Tasks that run in this process.", registry=self.registry)

    def text(self) -> bytes:
        """The numbers as Prometheus reads them."""
        return generate_latest(self.registry)
