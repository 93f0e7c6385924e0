"""Who is calling: credentials verified into identities. Development sessions are the first issuer."""

from freehold.auth.development import SESSION_COOKIE, DevelopmentSessions
from freehold.auth.verified import Verified, Verify

__all__ = ["SESSION_COOKIE", "DevelopmentSessions", "Verified", "Verify"]
