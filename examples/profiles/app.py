"""The application: actions, a page, signing in, and the headers that keep a browser from being fooled."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, Response

from examples.profiles import page
from examples.profiles.actions import get_profile, update_profile
from examples.profiles.person import PEOPLE, Person
from examples.profiles.signing_in import signing_in
from freehold import Database
from freehold.actions import Form, SecurityHeaders, Visitor, install, router
from freehold.auth import SESSION_COOKIE, DevelopmentSessions
from freehold.errors import NotVisibleError
from freehold.settings import Environment

_PAGES: Final = Path(__file__).parent / "pages"
_AN_HOUR: Final = {"Cache-Control": "public, max-age=3600"}


def create_app(
    db: Database,
    sessions: DevelopmentSessions,
    *,
    people: Sequence[Person] = PEOPLE,
    environment: Environment = "development",
) -> FastAPI:
    """The application on ``db``, which it opens and closes. Nobody can sign in where it is not developed or tested."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        async with db:
            yield

    app = FastAPI(title="Profiles", lifespan=lifespan, docs_url=None, redoc_url=None)
    install(app, db=db, verify=sessions.verify, cookie=SESSION_COOKIE, error_page=page.problem)
    app.add_middleware(SecurityHeaders, scripts=False)
    app.include_router(router(update_profile))
    developed = environment != "production"
    if developed:
        app.include_router(signing_in(db, sessions, {each.id: each for each in people}))

    async def home(caller: Visitor, saved: str | None = None) -> str:
        """One's own profile, or the way to sign in."""
        with suppress(NotVisibleError):  # a session may outlive what it was for
            if caller is not None:
                return page.profile(await get_profile(caller.scope), Form(), saved=saved is not None)
        return page.sign_in(people if developed else ())

    app.add_api_route("/", home, response_class=HTMLResponse)
    _add_file(app, "style.css", "text/css")
    _add_file(app, "icon.svg", "image/svg+xml")
    return app


def _add_file(app: FastAPI, name: str, media_type: str) -> None:
    content = (_PAGES / name).read_bytes()

    async def file() -> Response:
        return Response(content, media_type=media_type, headers=_AN_HOUR)

    app.add_api_route(f"/{name}", file, include_in_schema=False)
