"""An issuer's public keys, fetched when they are needed, kept for a while, and never waited for twice at once."""

from __future__ import annotations

import asyncio
import base64
import logging
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final, Literal, Protocol, cast

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from pydantic import BaseModel

from freehold.errors import Code, ProviderError

PublicAlgorithm = Literal["ES256", "RS256"]
PublicKey = ECKey | RSAKey

_TTL_SECONDS: Final = 600.0
_COOLDOWN_SECONDS: Final = 30.0
_TIMEOUT_SECONDS: Final = 5.0
_LARGEST_SET: Final = 64 * 1024
_MOST_KEYS: Final = 50
_SHORTEST_RSA_BITS: Final = 2048
_log: Final = logging.getLogger(__name__)


class KeySource(Protocol):
    """Where a verifier finds the key that a token names."""

    async def key(self, kid: str | None) -> Any:
        """The key, or None if there is no such key."""
        ...


class Jwks:
    """The keys for one algorithm at an address (RFC 7517).

    ``ttl``: seconds, > 0 and <= 600. ``transport``: for tests, and for whoever needs a proxy. ``clock``: monotonic seconds.
    """

    def __init__(
        self,
        url: str,
        algorithm: PublicAlgorithm,
        *,
        ttl: float = _TTL_SECONDS,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._algorithm: PublicAlgorithm = algorithm
        self._ttl = min(ttl, _TTL_SECONDS)
        self._transport = transport
        self._clock = clock
        self._keys: Mapping[str, PublicKey] | None = None
        self._fresh_until = float("-inf")
        self._quiet_until = float("-inf")
        self._fetching = asyncio.Lock()

    async def key(self, kid: str | None) -> PublicKey | None:
        """The key with this id.

        Keys older than the ttl are fetched again, and so are all of them for an id that is not known, at most every 30
        seconds. What was fetched last is kept while the issuer does not answer. Raises `ProviderError` (FH705) while
        nothing was ever fetched.
        """
        if kid is None:
            return None
        if self._wants(kid):
            async with self._fetching:
                if self._wants(kid):
                    await self._refresh()
        if self._keys is None:
            raise ProviderError(
                Code.PROVIDER_UNAVAILABLE,
                "The issuer's keys cannot be fetched, so nobody can be recognised.",
                hint="Try again in half a minute; if that does not help, look at the issuer's address and its answer.",
            )
        return self._keys.get(kid)

    def _wants(self, kid: str) -> bool:
        now = self._clock()
        stale = self._keys is None or now >= self._fresh_until or kid not in self._keys
        return stale and now >= self._quiet_until

    async def _refresh(self) -> None:
        try:
            self._keys = _keys_in(await self._fetched(), self._algorithm)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, RecursionError) as error:
            _log.warning("the keys at %s could not be fetched: %s", self._url, type(error).__name__)
        else:
            self._fresh_until = self._clock() + self._ttl
        self._quiet_until = (
            self._clock() + _COOLDOWN_SECONDS
        )  # not before: whoever comes meanwhile waits for the answer

    async def _fetched(self) -> bytes:
        async with (
            httpx.AsyncClient(transport=self._transport, timeout=_TIMEOUT_SECONDS, trust_env=False) as client,
            client.stream("GET", self._url, headers={"Accept": "application/json"}) as response,
        ):
            if response.status_code != HTTPStatus.OK:
                raise ValueError("not OK")
            return await bounded(response, _LARGEST_SET)

    def __repr__(self) -> str:
        return f"<Jwks {self._url}>"


async def bounded(response: httpx.Response, largest: int) -> bytes:
    """The body of a response; raises ValueError for more than ``largest`` bytes, without collecting them."""
    body = b""
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > largest:
            raise ValueError("too large")
    return body


class _KeySet(BaseModel):
    keys: list[object]


def _keys_in(text: bytes, algorithm: PublicAlgorithm) -> dict[str, PublicKey]:
    """The keys of a set that are public, for signatures, named, and for this algorithm alone; others are not looked at."""
    found: dict[str, PublicKey] = {}
    for each in _KeySet.model_validate_json(text).keys[:_MOST_KEYS]:
        jwk = cast(dict[str, Any], each) if isinstance(each, dict) else {}
        key = _key(jwk, algorithm)
        if key is not None:
            found.setdefault(jwk["kid"], key)
    return found


def _key(jwk: dict[str, Any], algorithm: PublicAlgorithm) -> PublicKey | None:
    fits = (
        isinstance(jwk.get("kid"), str)
        and jwk.get("alg", algorithm) == algorithm
        and jwk.get("use", "sig") == "sig"
        and "d" not in jwk
        and (jwk.get("kty"), jwk.get("crv")) == (("EC", "P-256") if algorithm == "ES256" else ("RSA", None))
    )
    try:
        if not fits:
            return None
        if algorithm == "ES256":
            return ECKey.import_key(jwk)
        return RSAKey.import_key(jwk) if _bits(jwk["n"]) >= _SHORTEST_RSA_BITS else None
    except (JoseError, ValueError, TypeError, KeyError):
        return None


def _bits(modulus: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(modulus + "=="), "big").bit_length()
