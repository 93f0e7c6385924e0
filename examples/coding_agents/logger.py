"""Logs as one JSON object a line, for machines; coloured lines where a person watches.

Everything goes through the standard library, so that freehold's and uvicorn's loggers are in it too. A line says which
request it belongs to; it never holds bodies, headers, query strings, claims or values.
"""

from __future__ import annotations

import logging
import sys
from typing import Any, Final

import structlog

_SHARED: Final[tuple[Any, ...]] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.stdlib.PositionalArgumentsFormatter(),
)


def set_up(level: str = "INFO", *, stream: Any = None, colours: bool | None = None) -> None:
    """Sends every logger's lines to ``stream`` (standard error); ``colours`` by default for a terminal only."""
    target = stream or sys.stderr
    for_a_person = target.isatty() if colours is None else colours
    renderer: Any = structlog.dev.ConsoleRenderer() if for_a_person else structlog.processors.JSONRenderer()
    final: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if not for_a_person:
        final.append(structlog.processors.format_exc_info)
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=[*_SHARED], processors=[*final, renderer])
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for chatty in ("uvicorn.access", "httpx"):  # requests are logged here, with their ids
        logging.getLogger(chatty).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
