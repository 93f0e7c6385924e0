"""Several kinds of credentials in one application, told apart by their shape and never by trying."""

from __future__ import annotations

from typing import Protocol

from freehold.auth.outcome import Outcomes
from freehold.auth.verified import Verified, Verify
from freehold.errors import Code, ConfigurationError


class Verifier(Verify, Protocol):
    """A `Verify` that knows the shape of what it verifies."""

    def recognises(self, token: str, /) -> bool:
        """Whether ``token`` has the shape, valid or not: decided without a key and without the database."""
        ...


class AnyOf:
    """A `Verify` that asks the one verifier that recognises a credential."""

    def __init__(self, verifiers: tuple[Verifier, ...]) -> None:
        self._verifiers = verifiers
        self.outcomes = Outcomes()

    def recognises(self, token: str) -> bool:
        """Whether any of them recognises ``token``."""
        return any(each.recognises(token) for each in self._verifiers)

    async def __call__(self, token: str) -> Verified:
        """What the credential is; raises `UnauthenticatedError` (FH602) as its verifier does, or if it has none.

        Raises `ConfigurationError` (FH704) if two would take it: then which of them decides would be chance.
        """
        found = [each for each in self._verifiers if each.recognises(token)]
        if not found:
            raise self.outcomes.refuse("malformed")
        if len(found) > 1:
            raise ConfigurationError(
                Code.CREDENTIAL_SHAPE,
                f"Two verifiers take credentials of one shape: {found[0]!r} and {found[1]!r}.",
                hint="Give any_of() one verifier for each issuer and algorithm.",
            )
        return await found[0](token)


def any_of(*verifiers: Verifier) -> AnyOf:
    """A `Verify` for applications that take several kinds of credentials, for instance tokens and sessions."""
    return AnyOf(verifiers)
