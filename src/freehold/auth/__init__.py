"""Who is calling: credentials verified into identities, sessions and tokens of one's own, signing in at a provider.

Everything here is imported when it is first used: what asks other servers needs the extra ``freehold[oauth]``.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from freehold.auth.api_token import WRITE_TOKENS, ApiTokens, NewApiToken
    from freehold.auth.api_token_table import ApiTokenTable
    from freehold.auth.cookie import Cookie
    from freehold.auth.development import SESSION_COOKIE, DevelopmentSessions
    from freehold.auth.directory import Directory
    from freehold.auth.dispatch import AnyOf, Verifier, any_of
    from freehold.auth.issuer import Algorithm, IssuerTokens, SharedSecret
    from freehold.auth.jwks import Jwks
    from freehold.auth.outcome import Outcomes
    from freehold.auth.provider import Client, ExternalAccount, Provider
    from freehold.auth.redirect import return_path
    from freehold.auth.session import Lifetime, NewSession, Sessions
    from freehold.auth.session_table import SessionTable
    from freehold.auth.sign_in import Arrival, Departure, SignIn
    from freehold.auth.supabase_issuer import supabase
    from freehold.auth.verified import Verified, Verify

_PLACES: Final[dict[str, tuple[str, ...]]] = {
    "api_token": ("WRITE_TOKENS", "ApiTokens", "NewApiToken"),
    "api_token_table": ("ApiTokenTable",),
    "cookie": ("Cookie",),
    "development": ("SESSION_COOKIE", "DevelopmentSessions"),
    "directory": ("Directory",),
    "dispatch": ("AnyOf", "Verifier", "any_of"),
    "issuer": ("Algorithm", "IssuerTokens", "SharedSecret"),
    "jwks": ("Jwks",),
    "outcome": ("Outcomes",),
    "provider": ("Client", "ExternalAccount", "Provider"),
    "redirect": ("return_path",),
    "session": ("Lifetime", "NewSession", "Sessions"),
    "session_table": ("SessionTable",),
    "sign_in": ("Arrival", "Departure", "SignIn"),
    "supabase_issuer": ("supabase",),
    "verified": ("Verified", "Verify"),
}
_PLACE_OF: Final = {name: place for place, names in _PLACES.items() for name in names}

__all__ = [
    "SESSION_COOKIE",
    "WRITE_TOKENS",
    "Algorithm",
    "AnyOf",
    "ApiTokenTable",
    "ApiTokens",
    "Arrival",
    "Client",
    "Cookie",
    "Departure",
    "DevelopmentSessions",
    "Directory",
    "ExternalAccount",
    "IssuerTokens",
    "Jwks",
    "Lifetime",
    "NewApiToken",
    "NewSession",
    "Outcomes",
    "Provider",
    "SessionTable",
    "Sessions",
    "SharedSecret",
    "SignIn",
    "Verified",
    "Verifier",
    "Verify",
    "any_of",
    "return_path",
    "supabase",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACE_OF:
        raise AttributeError(f"module 'freehold.auth' has no attribute {name!r}")
    value = getattr(import_module(f"freehold.auth.{_PLACE_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(_PLACE_OF)
