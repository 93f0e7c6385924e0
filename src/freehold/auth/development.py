"""Sessions for development: tokens of the shape that production's issuers give, signed with a key on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Self
from uuid import uuid4

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from freehold.auth.key import KEY_BYTES, key_in
from freehold.auth.verified import Verified
from freehold.errors import Code, ConfigurationError, IdentityError, UnauthenticatedError
from freehold.identity import Identity, Role
from freehold.settings import Environment

SESSION_COOKIE: Final = "freehold_session"

_ISSUER: Final = "freehold-development"
_AUDIENCE: Final = Role.AUTHENTICATED.value
_ALGORITHM: Final = "HS256"
_KEY_FILE: Final = "session.key"
_LEEWAY_SECONDS: Final = 30
_LARGEST_TOKEN: Final = 8 * 1024
_HALF_A_DAY: Final = timedelta(hours=12)


class DevelopmentSessions:
    """Signs anybody in who is named to it, so it is for development and tests only.

    ``key``: 32 bytes or more; ``clock``: seconds since 1970. Raises `ConfigurationError` (FH302) for a shorter key.
    """

    def __init__(self, key: bytes, *, clock: Callable[[], float] = time.time) -> None:
        if len(key) < KEY_BYTES:
            raise ConfigurationError(
                Code.SETTING_INVALID,
                "The session key is too short for HS256 (RFC 7518, section 3.2).",
                hint=f"Use {KEY_BYTES} random bytes: secrets.token_bytes({KEY_BYTES}).",
            )
        self._key = OctKey.import_key(key)
        self._clock = clock
        self._header = self._signed({}).partition(".")[0]

    @classmethod
    def from_directory(cls, directory: Path, *, environment: Environment = "development") -> Self:
        """Sessions with the key in ``<directory>/session.key``, which is made at the first use.

        Raises `ConfigurationError` (FH302) in production, and for a key file that cannot be used.
        """
        if environment == "production":
            raise ConfigurationError(
                Code.SETTING_INVALID,
                "Development sessions sign anybody in, so they are refused in production.",
                hint="Verify your identity provider's tokens, or set FREEHOLD_ENV=development on your own machine.",
            )
        return cls(key_in(directory / _KEY_FILE))

    def issue(self, user_id: str, *, email: str | None = None, lifetime: timedelta = _HALF_A_DAY) -> str:
        """A token that says its bearer is ``user_id`` for ``lifetime`` from now.

        Raises `IdentityError` (FH201, FH202) for an id that names nobody.
        """
        now = int(self._clock())
        claims: dict[str, Any] = {
            "sub": user_id,
            "role": Role.AUTHENTICATED.value,
            "aud": _AUDIENCE,
            "iss": _ISSUER,
            "iat": now,
            "exp": now + int(lifetime.total_seconds()),
            "session_id": str(uuid4()),
        }
        if email is not None:
            claims["email"] = email
        Identity.from_claims(claims)
        return self._signed(claims)

    async def verify(self, token: str) -> Verified:
        """The bearer of ``token``, who may do everything; raises as `identify` does."""
        return Verified(self.identify(token))

    def identify(self, token: str) -> Identity:
        """The identity in ``token``; raises `UnauthenticatedError` (FH602) for anything but a token of ours in force.

        What is wrong with it is not told: whoever needs to know has the token, and nobody else should.
        """
        # Our header, to the byte: nothing in it is up for negotiation, so nobody else's is even parsed.
        if len(token) > _LARGEST_TOKEN or token.partition(".")[0] != self._header:
            raise _refused()
        try:
            claims = jwt.decode(token, self._key, algorithms=[_ALGORITHM]).claims
            self._rules().validate(claims)
            if claims["aud"] != _AUDIENCE:  # exactly: joserfc takes a list that contains it
                raise _refused()
            return Identity.from_claims(claims)
        except (JoseError, IdentityError, ValueError, RecursionError):
            raise _refused() from None

    def _signed(self, claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": _ALGORITHM}, claims, self._key, algorithms=[_ALGORITHM])

    def _rules(self) -> jwt.JWTClaimsRegistry:
        return jwt.JWTClaimsRegistry(
            now=int(self._clock()),
            leeway=_LEEWAY_SECONDS,
            iss={"essential": True, "value": _ISSUER},
            aud={"essential": True},
            sub={"essential": True},
            iat={"essential": True},
            exp={"essential": True},
        )

    def __repr__(self) -> str:
        return "<DevelopmentSessions>"


def _refused() -> UnauthenticatedError:
    return UnauthenticatedError(Code.UNAUTHENTICATED, "The session is not valid, or has ended.", hint="Sign in again.")
