"""What a request shows to say who makes it: a bearer token (RFC 6750), or the session's cookie."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from starlette.requests import Request

from freehold.errors import Code, UnauthenticatedError

_HINT: Final = "Sign in, or send Authorization: Bearer <token>."


@dataclass(frozen=True)
class Credential:
    """A token as it was sent; ``ambient``: the browser added it by itself, so it does not prove who asked."""

    token: str = field(repr=False)
    ambient: bool


def credential_of(request: Request, cookie: str) -> Credential | None:
    """The credential of ``request``, or None. An Authorization header, even a wrong one, rules out the cookie.

    Raises `UnauthenticatedError` (FH602) for one that is not a bearer token.
    """
    sent = request.headers.getlist("authorization")
    if sent:
        return Credential(_bearer(sent), ambient=False)
    token = request.cookies.get(cookie)
    return Credential(token, ambient=True) if token else None


def absent() -> UnauthenticatedError:
    """The error for a request without a credential."""
    return UnauthenticatedError(Code.UNAUTHENTICATED, "Nobody is signed in.", hint=_HINT)


def _bearer(sent: list[str]) -> str:
    scheme, _, token = sent[0].partition(" ")
    if len(sent) > 1 or scheme.lower() != "bearer" or not token.strip():
        raise UnauthenticatedError(
            Code.UNAUTHENTICATED, "The Authorization header does not hold a bearer token.", hint=_HINT
        )
    return token.strip()
