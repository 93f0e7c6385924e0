"""The HTTP application, put together from its parts."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from fastapi import Depends, FastAPI
from starlette.middleware.trustedhost import TrustedHostMiddleware

from examples.coding_agents import connectors, health, keys, live, messages, people, settings, tasks, tokens, web
from examples.coding_agents.access import Access
from examples.coding_agents.metrics import Metrics
from examples.coding_agents.models import ApiToken, Session
from examples.coding_agents.runner import Runner
from examples.coding_agents.seed import PEOPLE
from examples.coding_agents.sign_in import in_development, signing_out, with_github
from examples.coding_agents.watch import Watch
from freehold.actions import SecurityHeaders, install, router, stream
from freehold.actions.tool import Tools
from freehold.auth import ApiTokens, DevelopmentSessions, Sessions, SignIn, any_of
from freehold.scope import Database
from freehold.settings import Environment

OTHERS: Final = (
    *tasks.READING,
    messages.list_messages,
    live.read_logs,
    *keys.ACTIONS,
    *connectors.ACTIONS,
    *settings.ACTIONS,
    *tokens.ACTIONS,
    *people.ACTIONS,
)
ACTIONS: Final = (*tasks.CHANGING, *OTHERS)
"""Everything that is an action; for `freehold client ts examples.coding_agents.app:ACTIONS`."""

TOOLS: Final = (tasks.create, tasks.read, tasks.list_tasks, tasks.go_on, tasks.stop)
"""What programs that act for somebody may do over MCP."""

LOCAL: Final = ("127.0.0.1", "localhost")


def create_app(
    db: Database,
    development: DevelopmentSessions | None,
    runner: Runner,
    *,
    hosts: Sequence[str] = LOCAL,
    environment: Environment = "development",
    sign_in: SignIn | None = None,
) -> FastAPI:
    """The platform; its runner works while the application does. ``db`` stays the caller's to close.

    ``development``: lets anybody be anybody, without a password. ``sign_in``: with GitHub. ``hosts``: the names it answers
    to. A page elsewhere that makes its own name point to this machine is refused, which matters where signing in needs no
    password.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        await db.open()
        await runner.start()
        try:
            async with agents.running():
                yield
        finally:
            runner.changes.close()
            await runner.close()

    agents = Tools(*TOOLS, name="coding-agents", about="Give coding agents tasks, and see what became of them.")
    app = FastAPI(title="Coding agents", lifespan=lifespan, docs_url=None, redoc_url=None)
    app.state.db, app.state.changes = db, runner.changes
    app.state.watch = Watch(runner.changes)
    sessions, tokens_ = Sessions(db, Session, environment=environment), ApiTokens(db, ApiToken, legacy=True)
    app.include_router(router(*web.with_pages(*tasks.CHANGING)), dependencies=[Depends(tasks.announcing)])
    app.include_router(router(*web.with_pages(*OTHERS)))
    for routes in (stream("/events"), live.routes, health.routes, signing_out(sessions)):
        app.include_router(routes)
    if sign_in is not None:
        app.include_router(with_github(db, sessions, sign_in))
    if development is not None:
        app.include_router(in_development(db, sessions))
    app.include_router(web.routes(() if development is None else PEOPLE, github=sign_in is not None))
    app.router.routes.append(agents.route("/mcp"))
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts), www_redirect=False)
    verify = any_of(tokens_, sessions, *(() if development is None else (development,)))
    outcomes = {"token": tokens_.outcomes, "session": sessions.outcomes, "unknown": verify.outcomes}
    app.state.metrics = metrics = Metrics(db, runner, outcomes)
    install(app, db=db, verify=verify, cookie=sessions.cookie, error_page=web.problem)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(Access, metrics=metrics)
    return app
