"""Who is calling: tokens verified into identities. Development sessions are the first issuer."""

from freehold.auth.development import SESSION_COOKIE, DevelopmentSessions

__all__ = ["SESSION_COOKIE", "DevelopmentSessions"]
