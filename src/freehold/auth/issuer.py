"""Tokens of an issuer elsewhere (JWT, RFC 7519): one verifier for one issuer and one algorithm, and nothing negotiable.

RFC 8725 is the list of what goes wrong otherwise. The algorithm is the verifier's own, never the token's; a key is used
for that algorithm only; issuer and audience are compared exactly; a token without subject or end is none.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final, Literal

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from freehold.auth.jwks import Jwks, KeySource, PublicAlgorithm
from freehold.auth.key import KEY_BYTES
from freehold.auth.outcome import Outcomes
from freehold.auth.unverified import unverified
from freehold.auth.verified import Verified
from freehold.errors import Code, ConfigurationError, IdentityError
from freehold.identity import Identity, Role

Algorithm = Literal["HS256"] | PublicAlgorithm

_LEEWAY_SECONDS: Final = 30


class SharedSecret:
    """A key that issuer and application share, for HS256; raises `ConfigurationError` (FH302) for a short one."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < KEY_BYTES or secret.lstrip().startswith((b"-----BEGIN", b"ssh-")):
            raise ConfigurationError(
                Code.SETTING_INVALID,
                "The secret for HS256 is too short (RFC 7518, section 3.2), or is no secret but a public key.",
                hint=f"Use the issuer's own secret, {KEY_BYTES} bytes or more; for public keys, use ES256 or RS256.",
            )
        self._key = OctKey.import_key(secret)

    async def key(self, kid: str | None) -> OctKey:
        """The secret, whatever the token calls it: there is no other."""
        return self._key

    def __repr__(self) -> str:
        return "<SharedSecret>"


class IssuerTokens:
    """Verifies the tokens of ``issuer`` that are signed with ``algorithm``; itself a `Verify`.

    ``keys``: `Jwks` for ES256 and RS256, `SharedSecret` for HS256. ``clock``: seconds since 1970. Raises
    `ConfigurationError` (FH302) for keys of the other kind.
    """

    def __init__(
        self,
        issuer: str,
        algorithm: Algorithm,
        keys: KeySource,
        *,
        audience: str = Role.AUTHENTICATED.value,
        clock: Callable[[], float] = time.time,
    ) -> None:
        if isinstance(keys, SharedSecret) != (algorithm == "HS256") or (
            isinstance(keys, Jwks) and algorithm == "HS256"
        ):
            raise ConfigurationError(
                Code.SETTING_INVALID,
                f"These keys are not for {algorithm}.",
                hint="HS256 takes a SharedSecret; ES256 and RS256 take the issuer's Jwks.",
            )
        self._issuer = issuer
        self._algorithm = algorithm
        self._keys = keys
        self._audience = audience
        self._clock = clock
        self.outcomes = Outcomes()

    def recognises(self, token: str) -> bool:
        """Whether ``token`` says that it is of this issuer and algorithm; whether that is true is not looked at."""
        header, claims = unverified(token)
        return header.get("alg") == self._algorithm and claims.get("iss") == self._issuer

    async def __call__(self, token: str) -> Verified:
        """The user whom ``token`` names.

        Raises `UnauthenticatedError` (FH602), and `ProviderError` (FH705) while the issuer's keys are not to be had.
        """
        header, claims = unverified(token)
        if header.get("alg") != self._algorithm:
            raise self.outcomes.refuse("malformed")
        if claims.get("iss") != self._issuer:
            raise self.outcomes.refuse("claims")
        kid = header.get("kid")
        key = await self._keys.key(kid if isinstance(kid, str) else None)
        if key is None:
            raise self.outcomes.refuse("key")
        verified = self._verified(self._decoded(token, key))
        self.outcomes.accepted += 1
        return verified

    def _decoded(self, token: str, key: Any) -> dict[str, Any]:
        try:
            return jwt.decode(token, key, algorithms=[self._algorithm]).claims
        except (JoseError, ValueError, RecursionError):
            raise self.outcomes.refuse("signature") from None

    def _verified(self, claims: dict[str, Any]) -> Verified:
        now = self._clock()
        if any(not _is_number(claims.get(name)) for name in ("exp", "iat")) or not _is_number(claims.get("nbf", 0)):
            raise self.outcomes.refuse("claims")
        if claims["exp"] <= now - _LEEWAY_SECONDS:
            raise self.outcomes.refuse("expired")
        early = max(claims["iat"], claims.get("nbf", 0)) > now + _LEEWAY_SECONDS
        # Compared whole: "authenticated" must be the audience, not one of several.
        if early or claims.get("iss") != self._issuer or claims.get("aud") != self._audience:
            raise self.outcomes.refuse("claims")
        session = claims.get("session_id")
        try:
            return Verified(Identity.from_claims(claims), credential_id=session if isinstance(session, str) else None)
        except IdentityError:
            raise self.outcomes.refuse("claims") from None

    def __repr__(self) -> str:
        return f"<IssuerTokens {self._algorithm} {self._issuer}>"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
