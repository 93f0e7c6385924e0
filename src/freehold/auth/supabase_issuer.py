"""Supabase as the issuer, from the settings of a project."""

from __future__ import annotations

import httpx

from freehold.auth.issuer import Algorithm, IssuerTokens, SharedSecret
from freehold.auth.jwks import Jwks
from freehold.errors import Code, ConfigurationError
from freehold.settings import Settings


def supabase(settings: Settings | None = None, *, transport: httpx.AsyncBaseTransport | None = None) -> IssuerTokens:
    """The verifier for the users' tokens of the project at ``SUPABASE_URL``.

    With ``SUPABASE_JWT_SECRET`` it takes HS256, the project's legacy secret; otherwise the project's public keys, which are
    for ``SUPABASE_JWT_ALGORITHM`` (ES256 unless it says RS256). Raises `ConfigurationError` (FH301) without the address.
    """
    settings = settings or Settings.load()
    if settings.supabase_url is None:
        raise ConfigurationError(
            Code.SETTING_MISSING,
            "The address of the Supabase project is not set.",
            hint="SUPABASE_URL=https://<project>.supabase.co",
        )
    issuer = f"{settings.supabase_url.rstrip('/')}/auth/v1"
    if settings.supabase_jwt_secret is not None:
        secret = SharedSecret(settings.supabase_jwt_secret.get_secret_value().encode())
        return IssuerTokens(issuer, "HS256", secret)
    algorithm: Algorithm = settings.supabase_jwt_algorithm
    keys = Jwks(f"{issuer}/.well-known/jwks.json", settings.supabase_jwt_algorithm, transport=transport)
    return IssuerTokens(issuer, algorithm, keys)
