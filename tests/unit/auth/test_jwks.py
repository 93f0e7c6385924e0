"""The issuer's keys: fetched as rarely as can be, and kept while the issuer is away."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey

from freehold.auth import Jwks
from freehold.errors import Code, ProviderError

URL = "https://issuer.example/jwks.json"
EC: Any = ECKey.generate_key("P-256", {"kid": "ec"})
OTHER: Any = ECKey.generate_key("P-256", {"kid": "other"})
RSA: Any = RSAKey.generate_key(2048, {"kid": "rsa"})


class Issuer:
    """An issuer whose answer can be changed, and whose clock can be moved."""

    def __init__(self, *keys: Any) -> None:
        self.now = 1000.0
        self.asked = 0
        self.answer = httpx.Response(200, json=key_set(*keys))
        self.gate: asyncio.Event | None = None

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        if self.gate is not None:
            await self.gate.wait()
        if self.answer.status_code == 599:
            raise httpx.ConnectError("down", request=request)
        return httpx.Response(self.answer.status_code, content=self.answer.content, headers=self.answer.headers)

    def jwks(self, algorithm: Any = "ES256") -> Jwks:
        """The keys under test."""
        return Jwks(URL, algorithm, transport=httpx.MockTransport(self._answer), clock=lambda: self.now)


def key_set(*keys: Any) -> dict[str, Any]:
    """A set of public keys."""
    return {"keys": [key.as_dict(private=False) for key in keys]}


async def test_keys_are_fetched_once_and_kept_for_ten_minutes() -> None:
    """Nothing is asked before the first token, nothing again until the keys are old, and then once."""
    issuer = Issuer(EC)
    jwks = issuer.jwks()
    assert issuer.asked == 0
    for now, asked in ((1000, 1), (1599, 1), (1600, 2), (1601, 2)):
        issuer.now = now
        assert await jwks.key("ec") is not None
        assert issuer.asked == asked


async def test_callers_at_once_ask_once() -> None:
    """Fifty requests that come while the keys are being fetched wait for that one answer."""
    issuer = Issuer(EC)
    issuer.gate = asyncio.Event()
    jwks = issuer.jwks()
    waiting = [asyncio.create_task(jwks.key("ec")) for _ in range(50)]
    await asyncio.sleep(0)
    issuer.gate.set()
    assert all(await asyncio.gather(*waiting))
    assert issuer.asked == 1


async def test_a_caller_who_gives_up_does_not_fail_the_others() -> None:
    """The first caller's cancellation ends only that caller's wait; the next one gets the keys."""
    issuer = Issuer(EC)
    issuer.gate = asyncio.Event()
    jwks = issuer.jwks()
    first, second = (asyncio.create_task(jwks.key("ec")) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    issuer.gate.set()
    assert await second is not None


async def test_an_unknown_id_is_looked_for_every_half_minute() -> None:
    """A new key is found soon after the issuer has it; tokens with invented ids cannot make us ask all the time."""
    issuer = Issuer(EC)
    jwks = issuer.jwks()
    await jwks.key("ec")
    issuer.answer = httpx.Response(200, json=key_set(EC, OTHER))
    assert await jwks.key("other") is None
    issuer.now += 30
    assert await jwks.key("other") is not None
    for number in range(100):
        assert await jwks.key(f"invented {number}") is None
    assert issuer.asked == 2
    assert await jwks.key(None) is None


BROKEN = {
    "down": httpx.Response(599),
    "error": httpx.Response(500, json=key_set(OTHER)),
    "moved": httpx.Response(302, headers={"Location": "https://evil.example"}),
    "text": httpx.Response(200, text="<html>"),
    "list": httpx.Response(200, json=[]),
    "number": httpx.Response(200, json={"keys": 1}),
    "deep": httpx.Response(200, text="[" * 60_000),
    "huge": httpx.Response(200, json={**key_set(OTHER), "padding": "x" * 70_000}),
}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
async def test_the_last_good_keys_are_kept(answer: httpx.Response) -> None:
    """An issuer that is down, or answers nonsense, signs nobody out; its next good answer counts."""
    issuer = Issuer(EC)
    jwks = issuer.jwks()
    await jwks.key("ec")
    issuer.now, issuer.answer = issuer.now + 600, answer
    assert await jwks.key("ec") is not None
    assert await jwks.key("other") is None
    assert issuer.asked == 2
    issuer.now, issuer.answer = issuer.now + 30, httpx.Response(200, json=key_set(OTHER))
    assert await jwks.key("ec") is None
    assert await jwks.key("other") is not None


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
async def test_without_any_keys_the_fault_is_ours(answer: httpx.Response) -> None:
    """While nothing was ever fetched it is the service that is not ready, not the token that is wrong."""
    issuer = Issuer()
    issuer.answer = answer
    jwks = issuer.jwks()
    for _ in range(3):
        with pytest.raises(ProviderError) as caught:
            await jwks.key("ec")
        assert caught.value.code is Code.PROVIDER_UNAVAILABLE
    assert issuer.asked == 1


async def test_only_keys_for_the_algorithm_are_taken() -> None:
    """Secrets, private keys, keys for encryption, short or of another kind, or without an id, are not looked at."""
    good = EC.as_dict(private=False)
    keys = {
        "ec": good,
        "private": {**EC.as_dict(private=True), "kid": "private"},
        "encryption": {**good, "kid": "encryption", "use": "enc"},
        "algorithm": {**good, "kid": "algorithm", "alg": "ES384"},
        "curve": {**ECKey.generate_key("P-384").as_dict(private=False), "kid": "curve"},
        "secret": {**OctKey.generate_key(256).as_dict(), "kid": "secret"},
        "rsa": RSA.as_dict(private=False),
        "off": {**good, "kid": "off", "x": good["y"]},
        "half": {"kty": "EC", "crv": "P-256", "kid": "half"},
        "short": {**RSA.as_dict(private=False), "kid": "short", "n": RSA.as_dict(private=False)["n"][:171]},
    }
    issuer = Issuer()
    unnamed = {name: value for name, value in good.items() if name != "kid"}
    issuer.answer = httpx.Response(200, json={"keys": [None, 1, unnamed, {"kid": 1}, *keys.values()]})
    for algorithm, found in (("ES256", {"ec"}), ("RS256", {"rsa"})):
        jwks = issuer.jwks(algorithm)
        assert {name for name in keys if await jwks.key(name) is not None} == found
