"""How a caller stands with a limit, and the headers that say so (draft-ietf-httpapi-ratelimit-headers)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Standing:
    """``limit`` uses in ``window`` seconds, ``remaining`` of them left; in ``reset`` seconds there are more."""

    name: str
    limit: int
    window: float
    remaining: int
    reset: float


def headers_of(standings: Sequence[Standing], *, refused: Standing | None = None) -> dict[str, str]:
    """The headers of a response; ``refused`` adds when to try again."""
    if not standings:
        return {}
    headers = {
        "RateLimit-Policy": ", ".join(f'"{each.name}";q={each.limit};w={_seconds(each.window)}' for each in standings),
        "RateLimit": ", ".join(f'"{each.name}";r={each.remaining};t={_seconds(each.reset)}' for each in standings),
    }
    if refused is not None:
        headers["Retry-After"] = str(_seconds(refused.reset))
    return headers


def _seconds(seconds: float) -> int:
    return max(1, math.ceil(seconds))
