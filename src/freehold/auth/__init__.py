"""Who is calling: credentials verified into identities, sessions and tokens of one's own, signing in at a provider."""

from freehold.auth.api_token import WRITE_TOKENS, ApiTokens, NewApiToken
from freehold.auth.api_token_table import ApiTokenTable
from freehold.auth.cookie import Cookie
from freehold.auth.development import SESSION_COOKIE, DevelopmentSessions
from freehold.auth.dispatch import AnyOf, Verifier, any_of
from freehold.auth.issuer import Algorithm, IssuerTokens, SharedSecret
from freehold.auth.jwks import Jwks
from freehold.auth.outcome import Outcomes
from freehold.auth.session import Lifetime, NewSession, Sessions
from freehold.auth.session_table import SessionTable
from freehold.auth.supabase import supabase
from freehold.auth.verified import Verified, Verify

__all__ = [
    "SESSION_COOKIE",
    "WRITE_TOKENS",
    "Algorithm",
    "AnyOf",
    "ApiTokenTable",
    "ApiTokens",
    "Cookie",
    "DevelopmentSessions",
    "IssuerTokens",
    "Jwks",
    "Lifetime",
    "NewApiToken",
    "NewSession",
    "Outcomes",
    "SessionTable",
    "Sessions",
    "SharedSecret",
    "Verified",
    "Verifier",
    "Verify",
    "any_of",
    "supabase",
]
