"""What a credential turned out to be: who shows it, and what it is good for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from freehold.identity import Identity


@dataclass(frozen=True)
class Verified:
    """A credential that was checked.

    ``scopes``: what it allows, words such as ``tasks:write``; None for everything its bearer may do, as a session does.
    ``credential_id``: the session's or token's own id, where it has one that may be shown and logged.
    """

    identity: Identity
    scopes: frozenset[str] | None = None
    credential_id: str | None = None

    def allows(self, scope: str) -> bool:
        """Whether the credential is good for ``scope``."""
        return self.scopes is None or scope in self.scopes


class Verify(Protocol):
    """Checks a credential; raises `UnauthenticatedError` (FH602) for one that is not valid, or not any more."""

    async def __call__(self, token: str, /) -> Verified: ...
