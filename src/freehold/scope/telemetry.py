"""OpenTelemetry spans for calls: the one door to its API, which the extra ``otel`` installs.

Names and attributes are those of the semantic conventions for databases. They hold the statement, never its values.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

from opentelemetry import trace

from freehold.errors import DatabaseError
from freehold.scope.plan import Call


class OpenTelemetry:
    """Spans for ``Database(spans=OpenTelemetry())``; by default of the global tracer provider."""

    def __init__(self, provider: trace.TracerProvider | None = None) -> None:
        self._tracer = trace.get_tracer("freehold", tracer_provider=provider)

    @contextmanager
    def span(self, calls: Sequence[Call]) -> Generator[Any]:
        """A span around ``calls``: its time is the caller's, the wait for a connection included."""
        operations = [call.sql.split(None, 1)[0].decode() for call in calls]
        attributes: dict[str, str | int] = {
            "db.system.name": "postgresql",
            "db.query.text": ";\n".join(call.sql.decode() for call in calls),
            "db.operation.name": operations[0] if len(calls) == 1 else "BATCH",
        }
        if len(calls) > 1:
            attributes["db.operation.batch.size"] = len(calls)
        name = attributes["db.operation.name"]
        with self._tracer.start_as_current_span(
            f"{name}", kind=trace.SpanKind.CLIENT, attributes=attributes, record_exception=False
        ) as span:
            try:
                yield span
            except DatabaseError as error:
                span.set_attribute("error.type", error.code.value)
                if error.sqlstate is not None:
                    span.set_attribute("db.response.status_code", error.sqlstate)
                raise
