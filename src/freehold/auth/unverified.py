"""What a token says of itself, which is good for choosing who verifies it, and for nothing else."""

from __future__ import annotations

import base64
import json
from typing import Any, Final, cast

_LARGEST_TOKEN: Final = 16 * 1024
_SEGMENTS: Final = 3


def unverified(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims as anybody could have written them; empty where they cannot be read."""
    segments = token.split(".")
    if len(token) > _LARGEST_TOKEN or len(segments) != _SEGMENTS:
        return {}, {}
    return _object(segments[0]), _object(segments[1])


def _object(segment: str) -> dict[str, Any]:
    try:
        document = json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    except (ValueError, RecursionError):
        return {}
    return cast(dict[str, Any], document) if isinstance(document, dict) else {}
