"""Where long work stands, for whoever shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Progress:
    """``stage`` like ``apply``, ``subject`` like a revision's name; ``done`` of ``total`` steps, 0 <= done <= total.

    ``detail`` is what a person wants to know besides: rows a second, time left, who is waited for.
    """

    stage: str
    subject: str
    done: int
    total: int
    detail: str = ""


Report: TypeAlias = Callable[[Progress], None]


def silent(progress: Progress) -> None:
    """Shows nothing."""
