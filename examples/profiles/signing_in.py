"""Signing in and out while developing: whoever is on the list is believed. Not for production."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from starlette.requests import Request

from examples.profiles.models import Profile
from examples.profiles.person import Person
from freehold import Database
from freehold.actions import same_origin
from freehold.auth import SESSION_COOKIE, DevelopmentSessions
from freehold.errors import Code, UnauthenticatedError, UniqueViolationError

_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class SignIn(BaseModel):
    """Who wants to be signed in."""

    model_config = ConfigDict(extra="forbid")

    user_id: str


def signing_in(db: Database, sessions: DevelopmentSessions, people: Mapping[str, Person]) -> APIRouter:
    """POST /sign-in with the ``user_id`` of one of ``people``, and POST /sign-out."""
    routes = APIRouter(dependencies=[Depends(same_origin)])

    async def sign_in(request: Request, form: Annotated[SignIn, Form()]) -> RedirectResponse:
        """Signs in whoever is on the list."""
        person = people.get(form.user_id)
        if person is None:
            raise UnauthenticatedError(
                Code.UNAUTHENTICATED, "Nobody on this server has that id.", hint="Choose one from the page."
            )
        await _welcome(db, person)
        token = sessions.issue(person.id, email=person.email)
        response = _home()
        response.set_cookie(SESSION_COOKIE, token, httponly=True, samesite="lax", secure=_secure(request))
        return response

    async def sign_out(request: Request) -> RedirectResponse:
        """Takes the session back from the browser."""
        response = _home()
        response.delete_cookie(SESSION_COOKIE, httponly=True, samesite="lax", secure=_secure(request))
        return response

    for path, endpoint in (("/sign-in", sign_in), ("/sign-out", sign_out)):
        routes.add_api_route(path, endpoint, methods=["POST"], response_model=None, status_code=HTTPStatus.SEE_OTHER)
    return routes


async def _welcome(db: Database, person: Person) -> None:
    """Makes the profile of somebody who is here for the first time."""
    scope = db.as_user(person.id)
    if await scope.first(select(Profile)) is None:
        with suppress(UniqueViolationError):  # signed in twice at the same moment
            await scope.insert(Profile(email=person.email))


def _home() -> RedirectResponse:
    return RedirectResponse("/", HTTPStatus.SEE_OTHER)


def _secure(request: Request) -> bool:
    """Whether the cookie is for encrypted connections only: everywhere but on this machine."""
    return request.url.scheme == "https" or request.url.hostname not in _LOCAL
