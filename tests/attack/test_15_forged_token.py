"""Threat: a token that somebody else made, or made for something else, is taken for one of the issuer's.

Another issuer, audience, algorithm or key; a time that is over or not yet; no signature; an HMAC made with the public
key, which everybody has; the issuer's own keys for machines, which are tokens too. Each forgery differs from a token
that is accepted in the one thing it is about, and for each the verifier that lacks the guard is fooled.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey
from joserfc.jws import JWSRegistry

from freehold.auth import Algorithm, IssuerTokens, Jwks, SharedSecret, any_of
from freehold.errors import ConfigurationError, UnauthenticatedError

ISSUER = "https://project.supabase.co/auth/v1"
NOW = 1_800_000_000
SECRET = b"the-secret-that-issuer-and-application-share"
ALGORITHMS: tuple[Algorithm, ...] = ("HS256", "ES256", "RS256")

SIGNING: dict[str, Any] = {
    "HS256": OctKey.import_key(SECRET),
    "ES256": ECKey.generate_key("P-256", {"kid": "one"}),
    "RS256": RSAKey.generate_key(2048, {"kid": "one"}),
}
STRANGER: dict[str, Any] = {
    "HS256": OctKey.import_key(b"another-secret-as-long-as-the-first-one-is"),
    "ES256": ECKey.generate_key("P-256", {"kid": "one"}),
    "RS256": RSAKey.generate_key(2048, {"kid": "one"}),
}
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "aud": "authenticated",
    "role": "authenticated",
    "sub": "5f1c1a6e-0000-4000-8000-000000000001",
    "session_id": "s-1",
    "iat": NOW - 60,
    "exp": NOW + 3600,
}


def served(*keys: Any) -> httpx.MockTransport:
    """An issuer that gives these public keys."""
    document = {"keys": [{**key.as_dict(private=False), "use": "sig"} for key in keys]}
    return httpx.MockTransport(lambda _: httpx.Response(200, json=document))


def verifier(algorithm: Algorithm, **options: Any) -> IssuerTokens:
    """The verifier under test."""
    keys = (
        SharedSecret(SECRET)
        if algorithm == "HS256"
        else Jwks(f"{ISSUER}/.well-known/jwks.json", algorithm, transport=served(SIGNING[algorithm]))
    )
    return IssuerTokens(ISSUER, algorithm, keys, clock=lambda: NOW, **options)


def signed(algorithm: str, claims: dict[str, Any], key: Any = None, **header: Any) -> str:
    """A token, signed as its header says unless the header is told otherwise."""
    return jwt.encode(
        {"alg": algorithm, "kid": "one", **header}, claims, key or SIGNING[algorithm], algorithms=[algorithm]
    )


def by_hand(header: dict[str, Any], claims: dict[str, Any], sign: Callable[[bytes], bytes]) -> str:
    """A token that no library would make."""
    parts = [_encoded(json.dumps(each).encode()) for each in (header, claims)]
    text = ".".join(parts)
    return f"{text}.{_encoded(sign(text.encode()))}"


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def refused(verify: IssuerTokens, token: str) -> str:
    """Asserts that ``token`` is refused; the reason that was counted, which nobody else learns."""
    with pytest.raises(UnauthenticatedError) as caught:
        asyncio.run(verify(token))
    assert str(caught.value) == str(verify.outcomes.refuse("unknown"))
    (reason,) = (each for each in verify.outcomes.refused if each != "unknown")
    return reason


FORGED: dict[str, tuple[str, dict[str, Any]]] = {
    "another issuer": ("claims", {"iss": "https://other.supabase.co/auth/v1"}),
    "an issuer that begins alike": ("claims", {"iss": ISSUER + "/"}),
    "several issuers": ("claims", {"iss": [ISSUER]}),
    "another audience": ("claims", {"aud": "anon"}),
    "an audience among several": ("claims", {"aud": ["authenticated", "other"]}),
    "no audience": ("claims", {"aud": None}),
    "over": ("expired", {"exp": NOW - 31}),
    "without an end": ("claims", {"exp": None}),
    "an end that is text": ("claims", {"exp": "9999999999"}),
    "an end that is true": ("claims", {"exp": True}),
    "made in the future": ("claims", {"iat": NOW + 31}),
    "without a beginning": ("claims", {"iat": None}),
    "not yet": ("claims", {"nbf": NOW + 31}),
    "no subject": ("claims", {"sub": None}),
    "an empty subject": ("claims", {"sub": ""}),
    "a subject that is a number": ("claims", {"sub": 1}),
    "the service's key": ("claims", {"role": "service_role"}),
    "the service's key without a subject": ("claims", {"role": "service_role", "sub": None}),
    "the anonymous key": ("claims", {"role": "anon", "sub": None}),
    "a role of the database's": ("claims", {"role": "postgres"}),
}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize(("reason", "changed"), FORGED.values(), ids=FORGED)
def test_a_claim_that_is_not_as_it_must_be(algorithm: Algorithm, reason: str, changed: dict[str, Any]) -> None:
    """Signed with the right key, and still no token of ours; without the one change it is."""
    verify = verifier(algorithm)
    asyncio.run(verify(signed(algorithm, CLAIMS)))
    claims = {name: value for name, value in {**CLAIMS, **changed}.items() if value is not None}
    assert refused(verify, signed(algorithm, claims)) == reason


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_control(algorithm: Algorithm) -> None:
    """A token of the issuer's is accepted up to the leeway of 30 seconds, and says whose it is."""
    verify = verifier(algorithm)
    for changed in ({}, {"exp": NOW - 29}, {"iat": NOW + 29}, {"nbf": NOW}, {"role": "authenticated"}):
        verified = asyncio.run(verify(signed(algorithm, {**CLAIMS, **changed})))
        assert verified.identity.user_id == CLAIMS["sub"]
        assert verified.scopes is None
        assert verified.credential_id == "s-1"
    assert verify.outcomes.accepted == 5


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_another_key(algorithm: Algorithm) -> None:
    """The same claims under the same key id, signed by somebody else, are nobody's; that key's own verifier takes them."""
    token = signed(algorithm, CLAIMS, STRANGER[algorithm])
    assert refused(verifier(algorithm), token) == "signature"
    assert jwt.decode(token, STRANGER[algorithm], algorithms=[algorithm]).claims == CLAIMS


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("none", ["none", "None", "NONE", "nOnE", ""])
def test_no_signature(algorithm: Algorithm, none: str) -> None:
    """A header that asks for no signature gets nothing, however it is spelt."""
    for sign in (lambda _: b"", lambda _: b"x"):
        assert refused(verifier(algorithm), by_hand({"alg": none, "kid": "one"}, CLAIMS, sign)) == "malformed"


@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
@pytest.mark.parametrize("form", ["pem", "der", "jwk"])
def test_an_hmac_with_the_public_key(algorithm: Algorithm, form: str) -> None:
    """What everybody has is no secret: the token says HS256, and is signed with the public key's own bytes.

    The control is the verifier that this attack was made for: one that lets the header choose.
    """
    public = SIGNING[algorithm]
    secret = {
        "pem": lambda: public.as_pem(private=False),
        "der": lambda: public.as_der(private=False),
        "jwk": lambda: json.dumps(public.as_dict(private=False)).encode(),
    }[form]()
    token = by_hand({"alg": "HS256", "kid": "one"}, CLAIMS, lambda text: hmac.digest(secret, text, hashlib.sha256))
    assert refused(verifier(algorithm), token) == "malformed"
    head, claims, signature = token.split(".")
    assert hmac.digest(secret, f"{head}.{claims}".encode(), hashlib.sha256) == base64.urlsafe_b64decode(
        signature + "=="
    )
    if form == "pem":
        with pytest.raises(ConfigurationError):
            SharedSecret(secret)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("other", ["HS256", "HS512", "ES256", "RS256", "PS256"])
def test_another_algorithm(algorithm: Algorithm, other: str) -> None:
    """A verifier has one algorithm; a good signature by another one, whatever the key, is none."""
    if algorithm == other:
        asyncio.run(verifier(algorithm)(signed(algorithm, CLAIMS)))
        return
    family = {"H": "HS256", "E": "ES256", "R": "RS256", "P": "RS256"}[other[0]]
    token = signed(other, CLAIMS, SIGNING[family])
    assert refused(verifier(algorithm), token) == "malformed"
    assert jwt.decode(token, SIGNING[family], algorithms=[other]).claims == CLAIMS


HEADERS: dict[str, dict[str, Any]] = {
    "a key in the header": {"jwk": STRANGER["ES256"].as_dict(private=False)},
    "an address of keys in the header": {"jku": "https://evil.example/jwks.json"},
    "a certificate in the header": {"x5u": "https://evil.example/cert.pem"},
    "an id that is a path": {"kid": "../../dev/null"},
    "an id that is SQL": {"kid": "' or 1=1 --"},
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_a_key_that_the_token_brings(header: dict[str, Any]) -> None:
    """Whatever a header says about keys, only the issuer's set is looked at; the same token under our key passes."""
    token = by_hand(
        {"alg": "ES256", "kid": "one", **header},
        CLAIMS,
        lambda text: JWSRegistry.algorithms["ES256"].sign(text, STRANGER["ES256"]),
    )
    assert refused(verifier("ES256"), token) in ("signature", "key")
    assert jwt.decode(token, STRANGER["ES256"], algorithms=["ES256"]).claims == CLAIMS
    asyncio.run(verifier("ES256")(signed("ES256", CLAIMS)))


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "...", "a.b.c", "e30.e30.", "W10.W10.W10", "\0.\0.\0", "é.é.é", "x" * 20_000, "e30." * 9999],
    ids=range(11),
)
def test_what_is_no_token(token: str) -> None:
    """Noise of every kind is refused in the same words."""
    assert refused(verifier("ES256"), token) == "malformed"


def test_a_token_that_is_too_large() -> None:
    """Sixteen KiB is enough for anybody; a token one step larger is not even parsed, one below is accepted."""
    verify = verifier("HS256")
    assert refused(verify, signed("HS256", {**CLAIMS, "padding": "x" * 16_000})) == "malformed"
    asyncio.run(verify(signed("HS256", {**CLAIMS, "padding": "x" * 8_000})))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_any_changed_character(algorithm: Algorithm) -> None:
    """Claims and signature are one: a change anywhere in either is noticed."""
    token = signed(algorithm, CLAIMS)
    head, claims, signature = token.split(".")
    for place in range(0, len(claims), 7):
        changed = claims[:place] + ("A" if claims[place] != "A" else "B") + claims[place + 1 :]
        refused(verifier(algorithm), f"{head}.{changed}.{signature}")
    for place in range(0, len(signature) - 1, 7):
        changed = signature[:place] + ("A" if signature[place] != "A" else "B") + signature[place + 1 :]
        refused(verifier(algorithm), f"{head}.{claims}.{changed}")


async def test_several_verifiers_are_not_tried_in_turn() -> None:
    """A token that one verifier refuses is not shown to the next, whose secret might fit by accident."""
    hs, es = verifier("HS256"), verifier("ES256")
    verify = any_of(hs, es)
    for algorithm in ("HS256", "ES256"):
        assert (await verify(signed(algorithm, CLAIMS))).identity.user_id == CLAIMS["sub"]
    with pytest.raises(UnauthenticatedError):
        await verify(signed("ES256", CLAIMS, STRANGER["ES256"]))
    assert (hs.outcomes.refused, es.outcomes.refused) == ({}, {"signature": 1})
    with pytest.raises(ConfigurationError):
        await any_of(hs, verifier("HS256"))(signed("HS256", CLAIMS))


def test_keys_of_the_wrong_kind_are_refused_at_once() -> None:
    """A public key cannot become a secret, nor a secret the key for a signature: it fails when it is configured."""
    for algorithm, keys in (("ES256", SharedSecret(SECRET)), ("HS256", Jwks(ISSUER, "ES256"))):
        with pytest.raises(ConfigurationError):
            IssuerTokens(ISSUER, algorithm, keys)  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError):
        SharedSecret(b"short")
