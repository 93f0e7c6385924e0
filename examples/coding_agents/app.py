"""The HTTP application, put together from its parts."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from fastapi import Depends, FastAPI
from starlette.middleware.trustedhost import TrustedHostMiddleware

from examples.coding_agents import health, live, messages, people, tasks, web
from examples.coding_agents.access import Access
from examples.coding_agents.metrics import Metrics
from examples.coding_agents.runner import Runner
from examples.coding_agents.seed import PEOPLE
from freehold.actions import SecurityHeaders, install, router, stream
from freehold.auth import SESSION_COOKIE, DevelopmentSessions
from freehold.scope import Database

LOCAL: Final = ("127.0.0.1", "localhost")

def create_app(db: Database, sessions: DevelopmentSessions, runner: Runner, *, hosts: Sequence[str] = LOCAL) -> FastAPI:
    """The platform; its runner works while the application does. ``db`` stays the caller's to close.

    ``hosts``: the names it answers to. A page elsewhere that makes its own name point to this machine is refused, which
    matters where signing in needs no password.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        await db.open()
        await runner.start()
        try:
            yield
        finally:
            runner.changes.close()
            await runner.close()

    app = FastAPI(title="Coding agents", lifespan=lifespan, docs_url=None, redoc_url=None)
    metrics = Metrics()
    app.state.db, app.state.changes, app.state.metrics = db, runner.changes, metrics
    app.include_router(router(*web.with_pages(*tasks.CHANGING)), dependencies=[Depends(tasks.announcing)])
    app.include_router(router(*tasks.READING, messages.list_messages, live.read_logs, people.read_me))
    app.include_router(stream("/events"))
    for module in (live, health):
        app.include_router(module.routes)
    app.include_router(people.development_sign_in(db, sessions))
    app.include_router(web.routes(PEOPLE))
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False)
    install(app, db=db, verify=sessions.verify, cookie=SESSION_COOKIE, error_page=web.problem)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(Access, metrics=metrics)
    return app
