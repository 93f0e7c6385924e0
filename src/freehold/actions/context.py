"""Who calls, as a typed value: what an action, or a plain FastAPI route, gets to work with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends
from starlette.requests import Request

from freehold.actions.announcement import Announcements
from freehold.actions.credential import Credential, absent, credential_of
from freehold.actions.origin import refuse_cross_site
from freehold.auth import Verified, Verify
from freehold.errors import Code, ConfigurationError, CredentialError, IdentityError, UnauthenticatedError
from freehold.identity import Identity
from freehold.scope import Database, UserScope

_STATE: Final = "freehold"


@dataclass(frozen=True)
class UserContext:
    """The caller, and the caller's own rows; ``db`` for scopes other than the caller's.

    ``verified``: what the caller's credential is good for.
    """

    identity: Identity
    scope: UserScope
    db: Database
    verified: Verified

    def require(self, scope: str) -> None:
        """Raises `CredentialError` (FH604) unless the credential is good for ``scope``; for routes that are no action."""
        if not self.verified.allows(scope):
            raise CredentialError(
                Code.SCOPE_MISSING,
                f"The token is not good for {scope}.",
                hint=f"Make one that has {scope}, or sign in.",
            )


@dataclass(frozen=True)
class Installation:
    """What `install` left in ``app.state``: the database, and how a token becomes an identity."""

    db: Database
    verify: Verify
    cookie: str
    announcements: Announcements

    def put(self, state: object) -> None:
        """Leaves it in an application's state."""
        setattr(state, _STATE, self)

    @classmethod
    def in_(cls, state: object) -> Installation | None:
        """The installation in an application's state."""
        found = getattr(state, _STATE, None)
        return found if isinstance(found, cls) else None

    @classmethod
    def of(cls, request: Request) -> Installation:
        """The installation of the application that ``request`` came to."""
        found = cls.in_(request.app.state)
        if found is None:
            raise ConfigurationError(
                Code.SETTING_MISSING,
                "The application has no database to act on.",
                hint="Call freehold.actions.install(app, db=..., verify=..., cookie=...) when you make it.",
            )
        return found

    async def context(self, token: str) -> UserContext:
        """The caller that ``token`` names; raises `UnauthenticatedError` (FH602)."""
        try:
            verified = await self.verify(token)
            return UserContext(verified.identity, self.db.as_user(verified.identity), self.db, verified)
        except IdentityError:
            raise UnauthenticatedError(
                Code.UNAUTHENTICATED, "The token does not name a user.", hint="Sign in again."
            ) from None


async def user_context(request: Request) -> UserContext:
    """The signed-in caller.

    Raises `UnauthenticatedError` (FH602) without one, `CrossSiteError` (FH603) for a request that changes something,
    is signed in by cookie and was caused by another site.
    """
    installation = Installation.of(request)
    credential = credential_of(request, installation.cookie)
    if credential is None:
        raise absent()
    return await _context(request, installation, credential)


async def visitor(request: Request) -> UserContext | None:
    """The caller, or None for somebody who is not, or no longer, signed in; raises as `user_context` does otherwise."""
    installation = Installation.of(request)
    credential = credential_of(request, installation.cookie)
    if credential is None:
        return None
    try:
        return await _context(request, installation, credential)
    except UnauthenticatedError:
        if credential.ambient:  # a browser goes on sending a cookie that has ended
            return None
        raise


async def same_origin(request: Request) -> None:
    """For routes without a caller, such as sign-in: raises `CrossSiteError` (FH603) as `user_context` does."""
    refuse_cross_site(request.method, request.headers)


Caller = Annotated[UserContext, Depends(user_context)]
Visitor = Annotated[UserContext | None, Depends(visitor)]


async def _context(request: Request, installation: Installation, credential: Credential) -> UserContext:
    context = await installation.context(credential.token)
    if credential.ambient:
        refuse_cross_site(request.method, request.headers)
    return context
