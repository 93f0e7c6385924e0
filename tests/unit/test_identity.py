"""Identities: made from verified claims, refused when they name nobody, and never shown."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freehold import ANONYMOUS, Identity, Role
from freehold.errors import Code, IdentityError
from freehold.identity import SERVICE


@pytest.mark.parametrize("claims", [{}, {"sub": None}, {"sub": ""}, {"email": "a@example.org"}])
def test_missing_claims(claims: dict[str, Any]) -> None:
    """FH202 without a subject."""
    with pytest.raises(IdentityError) as refused:
        Identity.from_claims(claims)
    assert refused.value.code is Code.CLAIMS_MISSING


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": 3},
        {"sub": ["a"]},
        {"sub": "x" * 256},
        {"sub": "a\0b"},
        {"sub": "a\nb"},
        {"sub": "half \ud800"},
        {"sub": "u", "role": "service_role"},
        {"sub": "u", "role": "anon"},
        {"sub": "u", "role": "postgres"},
        {"sub": "u", "role": None},
        {"sub": "u", "role": ["authenticated"]},
        {"sub": "u", "at": object()},
        {"sub": "u", "n": float("nan")},
        {"sub": "u", "text": "nul \0"},
        {"sub": "u", "nested": {"deep": ["nul \0"]}},
        "sub",
        None,
        [("sub", "u")],
        {"sub": "u", "text": "half \ud800"},
    ],
)
def test_malformed_claims(claims: Any) -> None:
    """FH201, and the error does not repeat them."""
    with pytest.raises(IdentityError) as refused:
        Identity.from_claims(claims)
    assert refused.value.code is Code.IDENTITY_MALFORMED
    assert "service_role" not in refused.value.message


def test_a_user_cannot_be_more() -> None:
    """Whatever else the claims say, the role is authenticated: in the setting and in the claims."""
    identity = Identity.from_claims({"sub": "u", "app_metadata": {"role": "service_role"}})
    assert identity.role is Role.AUTHENTICATED
    assert json.loads(identity.claims_json)["role"] == "authenticated"
    assert dict(identity.settings)["role"] == "authenticated"


def test_the_role_comes_first_and_every_setting_is_there() -> None:
    """One that is left out could be left over from elsewhere."""
    for identity in (Identity.user("u", email="e"), Identity.user("u"), ANONYMOUS, SERVICE):
        names = [name for name, _ in identity.settings]
        assert names[0] == "role"
        assert {
            "request.jwt.claims",
            "request.jwt.claim.sub",
            "request.jwt.claim.role",
            "request.jwt.claim.email",
        } <= set(names)
    assert dict(ANONYMOUS.settings)["request.jwt.claim.sub"] == ""
    assert dict(Identity.user("u", email=3).settings)["request.jwt.claim.email"] == ""


def test_a_repr_shows_the_role_only() -> None:
    """Claims are personal."""
    identity = Identity.user("s3cret", email="s3cret@example.org")
    assert repr(identity) == "<Identity authenticated>"
    assert "s3cret" not in f"{identity} {[identity]}"


def test_a_uuid_is_its_text() -> None:
    """As PostgreSQL compares it."""
    user = uuid4()
    assert Identity.user(user).user_id == str(user)
    assert Identity.user(UUID(int=1)).user_id == "00000000-0000-0000-0000-000000000001"


@given(st.dictionaries(st.text(), st.none() | st.text() | st.integers() | st.lists(st.text(), max_size=3), max_size=5))
@settings(max_examples=60, deadline=None)
def test_claims_are_kept_or_refused(claims: dict[str, Any]) -> None:
    """Any JSON object either makes an identity with the same claims, or an error of ours."""
    claims = {**claims, "sub": "u"}
    try:
        identity = Identity.from_claims(claims)
    except IdentityError:
        return
    assert json.loads(identity.claims_json) == {**claims, "role": "authenticated"}
