"""What became of the credentials that were shown: told to nobody who shows one, and counted for whoever runs this."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from freehold.errors import Code, UnauthenticatedError

Reason = Literal["malformed", "checksum", "unknown", "expired", "signature", "claims", "key"]


@dataclass
class Outcomes:
    """Counters since the start, plain numbers for any metrics library: ``refused`` by reason."""

    accepted: int = 0
    refused: Counter[Reason] = field(default_factory=Counter[Reason])

    def refuse(self, reason: Reason) -> UnauthenticatedError:
        """Counts a refusal, and gives the error for it, which is the same whatever the reason."""
        self.refused[reason] += 1
        return UnauthenticatedError(
            Code.UNAUTHENTICATED,
            "The credential is not valid, or not any more.",
            hint="Sign in again, or make a new token.",
        )
