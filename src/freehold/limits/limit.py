"""What is allowed: so many a day, or so many within some seconds. Plain values, shared by whatever counts together."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from freehold.errors import Code, DeclarationError
from freehold.identity import Identity
from freehold.scope import UserScope

Override: TypeAlias = Callable[[UserScope, Identity], Awaitable[int | None]]
"""The limit of one caller, or None for the limit as declared. It runs in the transaction that counts."""

_NAME: Final = re.compile(r"[a-z][a-z0-9_.-]{0,99}")
_MOST: Final = 2**53


@dataclass(frozen=True)
class Daily:
    """``limit`` uses in a day, which begins at midnight UTC; 0 for none.

    ``override``: the limit of one caller, from the application's settings. Raises `DeclarationError` (FH611).
    """

    name: str
    limit: int
    override: Override | None = None

    def __post_init__(self) -> None:
        _require(self.name, self.limit)


@dataclass(frozen=True)
class Burst:
    """``limit`` uses at once, which come back evenly within ``seconds`` (GCRA); 0 for none. As `Daily` otherwise."""

    name: str
    limit: int
    seconds: float
    override: Override | None = None

    def __post_init__(self) -> None:
        _require(self.name, self.limit)
        if not 0 < self.seconds <= 86_400:
            raise _invalid(f"The burst {self.name!r} has no length of time between 0 and a day.")


Limit: TypeAlias = Daily | Burst


def allowed(limit: Limit, override: int | None) -> int:
    """The number that counts for one caller; raises `DeclarationError` (FH611) for an override that is none."""
    if override is None:
        return limit.limit
    _require(limit.name, override)
    return override


def _require(name: str, limit: object) -> None:
    if not _NAME.fullmatch(name):
        raise _invalid(f"{name!r} is not the name of a limit.")
    if isinstance(limit, bool) or not isinstance(limit, int) or not 0 <= limit <= _MOST:
        raise _invalid(f"The limit {name!r} is not a whole number from 0 on.")


def _invalid(message: str) -> DeclarationError:
    return DeclarationError(Code.LIMIT_INVALID, message, hint='Daily("messages", 20), Burst("api", 60, seconds=60)')
