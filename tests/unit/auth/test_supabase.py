"""Supabase as the issuer, from the settings."""

from __future__ import annotations

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from freehold.auth import supabase
from freehold.errors import Code, ConfigurationError
from freehold.settings import Settings

SECRET = "a-legacy-secret-that-is-long-enough-for-hs256"
CLAIMS = {
    "iss": "https://p.supabase.co/auth/v1",
    "aud": "authenticated",
    "role": "authenticated",
    "sub": "ada",
    "iat": 1,
    "exp": 99_999_999_999,
}


async def test_the_legacy_secret() -> None:
    """With the secret, tokens signed with it are the project's; the secret is in no representation."""
    settings = Settings(supabase_url="https://p.supabase.co/", supabase_jwt_secret=SECRET)
    verify = supabase(settings)
    token = jwt.encode({"alg": "HS256"}, CLAIMS, OctKey.import_key(SECRET))
    assert (await verify(token)).identity.user_id == "ada"
    assert SECRET not in repr(settings) + repr(verify) + repr(vars(verify))


async def test_the_public_keys() -> None:
    """Without it, the keys are looked for where Supabase has them."""
    asked: list[str] = []
    key = ECKey.generate_key("P-256", {"kid": "k"})

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, json={"keys": [key.as_dict(private=False)]})

    verify = supabase(Settings(supabase_url="https://p.supabase.co"), transport=httpx.MockTransport(answer))
    token = jwt.encode({"alg": "ES256", "kid": "k"}, CLAIMS, key)
    assert (await verify(token)).identity.user_id == "ada"
    assert asked == ["https://p.supabase.co/auth/v1/.well-known/jwks.json"]


def test_without_an_address() -> None:
    """It says which setting is missing."""
    with pytest.raises(ConfigurationError) as caught:
        supabase(Settings(supabase_url=None))
    assert caught.value.code is Code.SETTING_MISSING
    assert "SUPABASE_URL" in str(caught.value.hint)
