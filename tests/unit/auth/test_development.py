"""Development sessions: what they issue is believed, and nothing else is."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey

from freehold.auth import DevelopmentSessions
from freehold.errors import Code, ConfigurationError, IdentityError, UnauthenticatedError

KEY = bytes(range(32))
NOW = 1_800_000_000.0
CLAIMS: dict[str, Any] = {
    "sub": "alice",
    "role": "authenticated",
    "aud": "authenticated",
    "iss": "freehold-development",
    "iat": int(NOW),
    "exp": int(NOW) + 60,
}


def _sessions(now: float = NOW) -> DevelopmentSessions:
    return DevelopmentSessions(KEY, clock=lambda: now)


def _signed(claims: dict[str, Any], *, key: bytes = KEY, algorithm: str = "HS256") -> str:
    return jwt.encode({"alg": algorithm}, claims, OctKey.import_key(key), algorithms=[algorithm])


def _refused(token: str, now: float = NOW) -> None:
    with pytest.raises(UnauthenticatedError) as caught:
        _sessions(now).identify(token)
    assert caught.value.code is Code.UNAUTHENTICATED
    assert caught.value.__cause__ is None
    assert str(caught.value) == "FH602: The session is not valid, or has ended.\n  hint: Sign in again."


def test_what_is_issued_is_believed() -> None:
    """The identity is the user's, with the claims that policies may read."""
    identity = _sessions().identify(_sessions().issue("alice", email="alice@example.com"))
    claims = json.loads(identity.claims_json)
    assert identity.user_id == "alice"
    assert claims["email"] == "alice@example.com"
    assert claims["role"] == claims["aud"] == "authenticated"
    assert claims["iss"] == "freehold-development"
    assert claims["exp"] - claims["iat"] == 12 * 3600


def test_every_session_has_an_id_of_its_own() -> None:
    """Two sessions of one user can be told apart, and so ended apart."""
    first, second = (json.loads(_sessions().identify(_sessions().issue("alice")).claims_json) for _ in range(2))
    assert first["session_id"] != second["session_id"]


def test_a_token_of_this_shape_is_believed() -> None:
    """The positive control of the forgeries below."""
    assert _sessions().identify(_signed(CLAIMS)).user_id == "alice"


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "freehold-development "},
        {"iss": ["freehold-development"]},
        {"aud": "anon"},
        {"aud": ["authenticated"]},
        {"aud": ["authenticated", "other"]},
        {"role": "service_role"},
        {"role": "anon"},
        {"sub": ""},
        {"sub": None},
        {"sub": 7},
        {"sub": "a\0b"},
        {"sub": "x" * 256},
        {"exp": NOW - 31},
        {"exp": "tomorrow"},
        {"exp": True},
        {"exp": float("nan")},
        {"exp": float("inf")},
        {"iat": NOW + 31},
        {"iat": "now"},
        {"nbf": NOW + 31},
    ],
    ids=str,
)
def test_a_wrong_claim_is_refused(change: dict[str, Any]) -> None:
    """Properly signed, and still not a session."""
    _refused(_signed(CLAIMS | change))


@pytest.mark.parametrize("missing", ["sub", "aud", "iss", "iat", "exp"])
def test_a_missing_claim_is_refused(missing: str) -> None:
    """Every claim that the checks rely on must be there."""
    _refused(_signed({name: value for name, value in CLAIMS.items() if name != missing}))


def test_a_token_without_a_role_is_an_ordinary_users() -> None:
    """It gets the one role that a user's token can have."""
    identity = _sessions().identify(_signed({name: value for name, value in CLAIMS.items() if name != "role"}))
    assert identity.role == "authenticated"


def test_a_session_ends() -> None:
    """With the leeway for clocks that differ, and not a second later."""
    token = _sessions().issue("alice", lifetime=timedelta(minutes=1))
    assert _sessions(NOW + 89).identify(token).user_id == "alice"
    _refused(token, NOW + 90)


def test_another_key_is_refused() -> None:
    """Also one that differs in its last bit."""
    _refused(_signed(CLAIMS, key=KEY[:-1] + bytes([KEY[-1] ^ 1])))


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_another_algorithm_is_refused(algorithm: str) -> None:
    """The token does not choose how it is verified."""
    key = KEY * 2
    token = jwt.encode({"alg": algorithm}, CLAIMS, OctKey.import_key(key), algorithms=[algorithm])
    with pytest.raises(UnauthenticatedError):
        DevelopmentSessions(key, clock=lambda: NOW).identify(token)


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "", None, 5, ["HS256"], {"HS256": 1}])
def test_no_algorithm_is_refused(algorithm: object) -> None:
    """A token that says it needs no signature needs one."""
    head, body = (_part(each) for each in ({"alg": algorithm, "typ": "JWT"}, CLAIMS))
    _refused(f"{head}.{body}.")
    _refused(f"{head}.{body}.{_signed(CLAIMS).rpartition('.')[2]}")


@pytest.mark.parametrize(
    "header",
    [{"crit": None}, {"crit": 5}, {"crit": ["exp"]}, {"crit": ["b64"], "b64": False}, {"alg": "HS256", "crit": []}],
)
def test_a_critical_header_that_is_not_understood_is_refused(header: dict[str, Any]) -> None:
    """RFC 7515, section 4.1.11: the signature does not matter then."""
    signed = _signed(CLAIMS)
    _refused(f"{_part({'alg': 'HS256', **header})}.{signed.partition('.')[2]}")


def test_every_change_of_a_token_is_refused() -> None:
    """One character, anywhere; the last of each part may hold bits that mean nothing, and is left out."""
    token = _signed(CLAIMS)
    ends = {place for place, letter in enumerate(token + ".") if letter == "."}
    for place, letter in enumerate(token):
        if letter != "." and place + 1 not in ends:
            _refused(f"{token[:place]}{'A' if letter != 'A' else 'B'}{token[place + 1 :]}")


@given(st.one_of(st.text(), st.from_regex(r"[\w-]*\.[\w-]*\.[\w-]*", fullmatch=True)))
def test_anything_else_is_refused(token: str) -> None:
    """Whatever it is, the error is the same one."""
    _refused(token)


@given(
    st.dictionaries(st.sampled_from(["alg", "typ", "crit", "b64", "kid", "jku", "x5c", "zip"]), st.from_type(object))
)
def test_any_header_is_refused(header: dict[str, Any]) -> None:
    """Headers that are JSON and nonsense; none of them is fetched, followed or believed."""
    try:
        head = _part(header)
    except (TypeError, ValueError):
        return
    _refused(f"{head}.{_part(CLAIMS)}.{'A' * 43}")


def test_a_huge_token_is_refused_unread() -> None:
    """More than 8 KiB is no session, whatever it says; 8 KiB may be one."""
    assert _sessions().identify(_signed(CLAIMS | {"padding": "x" * 5000})).user_id == "alice"
    _refused(_signed(CLAIMS | {"padding": "x" * 7000}))


@pytest.mark.parametrize("user_id", ["", "a\nb", "x" * 256])
def test_nobody_gets_no_session(user_id: str) -> None:
    """An id that could not be verified again is not issued."""
    with pytest.raises(IdentityError):
        _sessions().issue(user_id)


def test_a_short_key_is_refused() -> None:
    """HS256 needs a key as long as its hash."""
    with pytest.raises(ConfigurationError) as caught:
        DevelopmentSessions(KEY[:31])
    assert caught.value.code is Code.SETTING_INVALID


def test_not_in_production(tmp_path: Path) -> None:
    """Anybody could sign in as anybody; and no key is left behind."""
    with pytest.raises(ConfigurationError) as caught:
        DevelopmentSessions.from_directory(tmp_path, environment="production")
    assert caught.value.code is Code.SETTING_INVALID
    assert not list(tmp_path.iterdir())


def test_the_key_is_kept(tmp_path: Path) -> None:
    """Sessions outlive the process that issued them."""
    token = DevelopmentSessions.from_directory(tmp_path / "new").issue("alice")
    assert DevelopmentSessions.from_directory(tmp_path / "new").identify(token).user_id == "alice"
    with pytest.raises(UnauthenticatedError):
        DevelopmentSessions.from_directory(tmp_path / "other").identify(token)


def test_the_key_is_not_shown() -> None:
    """Neither by repr, nor by str."""
    assert repr(_sessions()) == str(_sessions()) == "<DevelopmentSessions>"


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
