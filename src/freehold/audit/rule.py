"""A rule: what it finds, why that matters, and an example of it that is also its test."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from freehold.audit.found import Found, Severity

T = TypeVar("T")


@dataclass(frozen=True)
class Example:
    """``bad`` is found and ``good`` is not: SQL for rules about a catalog, Python for rules about source and models.

    ``superuser``: the SQL needs one.
    """

    bad: str
    good: str
    superuser: bool = False


@dataclass(frozen=True, kw_only=True)
class Rule(Generic[T]):
    """One rule. ``about`` is what it looks at, ``covers`` the rules of pgrls that say the same.

    ``why`` says what goes wrong without it; ``remedy`` what to do in general; each finding has its own exact fix.
    """

    id: str
    title: str
    severity: Severity
    why: str
    remedy: str
    about: type[T]
    check: Callable[[T], Iterable[Found]]
    example: Example | None = None
    covers: tuple[str, ...] = ()
