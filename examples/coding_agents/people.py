"""Who the caller is, and signing in for development: as anybody who exists, without a password."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Response
from pydantic import BaseModel
from sqlalchemy import select
from starlette.requests import Request

from examples.coding_agents.models import User
from examples.coding_agents.schemas import Given, Id, Me
from freehold import UserContext, action
from freehold.actions import same_origin
from freehold.auth import SESSION_COOKIE, DevelopmentSessions
from freehold.errors import Code, UnauthenticatedError
from freehold.scope import Database

_HALF_A_DAY: Final = 12 * 60 * 60


class SignIn(Given):
    """Who to be, in development."""

    user_id: Id


class SignedIn(BaseModel):
    """The session, for the header ``Authorization: Bearer``; it is also set as a cookie."""

    token: str


@action.read("me.read", path="/me")
async def read_me(ctx: UserContext) -> Me:
    """The caller."""
    return Me.of(await ctx.scope.one(select(User)))


def development_sign_in(db: Database, sessions: DevelopmentSessions) -> APIRouter:
    """The route that signs anybody in; only `DevelopmentSessions`, which production refuses, can have it."""
    development = APIRouter(tags=["people"])

    async def sign_in(given: SignIn, request: Request, response: Response) -> SignedIn:
        """Becomes one of the seeded users."""
        if "origin" in request.headers or "sec-fetch-site" in request.headers:
            await same_origin(request)  # a browser; curl says neither
        user = await db.as_user(given.user_id).first(select(User))
        if user is None:
            raise UnauthenticatedError(
                Code.UNAUTHENTICATED, "There is no such user here.", hint="The demo's users are ada, grace and linus."
            )
        token = sessions.issue(user.id, email=user.email)
        response.set_cookie(SESSION_COOKIE, token, max_age=_HALF_A_DAY, httponly=True, samesite="lax")
        return SignedIn(token=token)

    development.post("/dev/sign-in")(sign_in)
    return development
