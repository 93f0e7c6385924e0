"""Signing in with GitHub, or in development as anybody who exists; and signing out.

A session is a row: it ends by itself, can be ended, and is known to a browser by a cookie that scripts cannot read.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from sqlalchemy import func, select
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from examples.coding_agents.models import Account, User
from examples.coding_agents.schemas import Given, Id
from freehold.actions import Visitor, same_origin
from freehold.actions.field import Fields
from freehold.actions.input import Reader
from freehold.auth import Client, Directory, ExternalAccount, Provider, Sessions, SignIn
from freehold.encryption import Sealed
from freehold.errors import Code, UnauthenticatedError
from freehold.scope import Database
from freehold.settings import Environment

HOME: Final = "/app"
_FORM: Final = "application/x-www-form-urlencoded"


class WhoToBe(Given):
    """Who to be, in development."""

    user_id: Id


def github(environment: Environment, key: bytes, variables: Mapping[str, str] = os.environ) -> SignIn | None:
    """Sign-in as the environment says, or None without GITHUB_CLIENT_ID.

    ``GITHUB_CLIENT_SECRET``; ``PUBLIC_URL``, where browsers find the platform; and for GitHub Enterprise, or a stand-in,
    ``GITHUB_URL`` and ``GITHUB_API_URL``.
    """
    client_id = variables.get("GITHUB_CLIENT_ID")
    if not client_id:
        return None
    site, api = (
        variables.get("GITHUB_URL", "https://github.com"),
        variables.get("GITHUB_API_URL", "https://api.github.com"),
    )
    provider = Provider(
        authorize_url=f"{site}/login/oauth/authorize",
        token_url=f"{site}/login/oauth/access_token",
        user_url=f"{api}/user",
        emails_url=f"{api}/user/emails",
    )
    public = variables.get("PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
    client = Client(
        client_id, variables.get("GITHUB_CLIENT_SECRET", ""), f"{public}/auth/github/callback", provider=provider
    )
    return SignIn(client, key=key, environment=environment)


def directory(db: Database) -> Directory:
    """Users and linked accounts, as the platform keeps them."""
    return Directory(db=db, user=User, account=Account, of_user=_of_user, of_account=_of_account)


def with_github(db: Database, sessions: Sessions, sign_in: SignIn) -> APIRouter:
    """The routes that leave for GitHub and that people come back to."""
    routes, people = APIRouter(include_in_schema=False), directory(db)  # for browsers, as those below

    @routes.get("/auth/github", status_code=303, response_class=Response)
    async def leave(
        visitor: Visitor, return_to: str = HOME, link: Annotated[bool, Query(description="Link an account.")] = False
    ) -> Response:
        """Leaves for GitHub; ``return_to`` is a path of this site."""
        if link and visitor is None:
            raise UnauthenticatedError(Code.UNAUTHENTICATED, "Nobody is signed in.", hint="Sign in first.")
        linking = visitor.verified if link and visitor is not None else None
        departure = sign_in.leave(return_to=return_to, linking=linking)
        return _going(departure.url, departure.cookie.header)

    @routes.get("/auth/github/callback", status_code=303, response_class=Response)
    async def come_back(request: Request, visitor: Visitor) -> Response:
        """Comes back from GitHub, and is signed in, or has linked an account."""
        current = visitor.verified if visitor is not None else None
        arrival = await sign_in.come_back(request.query_params, request.cookies.get(sign_in.cookie), current=current)
        if arrival.link_to is not None:
            await people.link(arrival.account, arrival.link_to)
            return _going(arrival.return_to, sign_in.no_cookie.header)
        user_id = await people.signed_in(arrival.account)
        session = await sessions.begin(
            user_id, replacing=request.cookies.get(sessions.cookie), user_agent=request.headers.get("user-agent")
        )
        return _going(arrival.return_to, session.cookie.header, sign_in.no_cookie.header)

    return routes


def signing_out(sessions: Sessions) -> APIRouter:
    """The route that ends the session of whoever asks."""
    routes = APIRouter(include_in_schema=False)

    @routes.post("/sign-out", status_code=204, response_class=Response)
    async def sign_out(request: Request, visitor: Visitor) -> Response:
        """Ends the session, and takes its cookie away."""
        if visitor is not None and visitor.verified.scopes is None and visitor.verified.credential_id is not None:
            await sessions.revoke(visitor.scope, visitor.verified.credential_id)
        if _is_form(request):
            return _going(HOME, sessions.no_cookie.header)
        return Response(status_code=204, headers={"Set-Cookie": sessions.no_cookie.header})

    return routes


def in_development(db: Database, sessions: Sessions) -> APIRouter:
    """The route that signs anybody in, without a password."""
    routes, reader = APIRouter(include_in_schema=False), Reader(WhoToBe)

    @routes.post("/dev/sign-in", response_class=Response)
    async def become(request: Request) -> Response:
        """Becomes somebody who exists; programs get ``token``, for the header ``Authorization: Bearer``."""
        if "origin" in request.headers or "sec-fetch-site" in request.headers:
            await same_origin(request)  # a browser; curl says neither
        body = await request.body()
        given: Any = (
            reader.from_form(Fields.parse(body)) if _is_form(request) else reader.from_json(_json(request, body))
        )
        if await db.as_user(given.user_id).first(select(User.id)) is None:
            hint = "The demo's users are ada, grace and linus."
            raise UnauthenticatedError(Code.UNAUTHENTICATED, "There is no such user here.", hint=hint)
        made = await sessions.begin(
            given.user_id, replacing=request.cookies.get(sessions.cookie), user_agent=request.headers.get("user-agent")
        )
        if _is_form(request):
            return _going(HOME, made.cookie.header)
        headers = {"Set-Cookie": made.cookie.header, "Cache-Control": "no-store"}
        return JSONResponse({"token": made.secret}, headers=headers)

    return routes


def _json(request: Request, body: bytes) -> bytes:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send application/json, or a form.")
    return body


def _is_form(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == _FORM


def _going(place: str, *cookies: str) -> Response:
    response = RedirectResponse(place, HTTPStatus.SEE_OTHER, {"Cache-Control": "no-store"})
    for each in cookies:
        response.headers.append("Set-Cookie", each)
    return response


def _of_user(account: ExternalAccount, _: str) -> dict[str, Any]:
    return {
        "username": account.username,
        "email": account.email,
        "name": account.name,
        "avatar_url": account.avatar_url,
        "scope": account.scope,
        "access_token": Sealed(account.access_token),
        "refresh_token": None if account.refresh_token is None else Sealed(account.refresh_token),
        "last_login_at": func.now(),
    }


def _of_account(account: ExternalAccount, _: str) -> dict[str, Any]:
    return {
        "username": account.username,
        "scope": account.scope,
        "access_token": Sealed(account.access_token),
        "refresh_token": None if account.refresh_token is None else Sealed(account.refresh_token),
        "expires_at": account.expires_at,
    }
