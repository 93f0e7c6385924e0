"""The platform in a real browser: one server and one browser for all tests of a process, a new user for each test."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

import pytest
import pytest_asyncio
import uvicorn
from playwright.async_api import Browser, BrowserContext, Page, async_playwright
from psycopg.conninfo import conninfo_to_dict
from starlette.types import ASGIApp

from examples.coding_agents.app import create_app
from examples.coding_agents.run import Terms
from examples.coding_agents.runner import SubprocessRunner
from examples.coding_agents.seed import seed
from freehold.auth import Client, DevelopmentSessions, SignIn
from freehold.encryption import TextKeys
from freehold.scope import Database
from freehold.server import Endpoints
from freehold.wire import connect
from tests.browser.watch import Watch
from tests.cluster import Cluster
from tests.integration.auth.github import GitHub, provider_at
from tests.integration.coding_agents.conftest import RING, add_user
from tests.integration.coding_agents.conftest import template as template  # noqa: PLC0414 - a fixture

HOST = "127.0.0.1"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
ABSENT = "no Chromium: install it (Debian: apt-get install chromium), or name one in FREEHOLD_TEST_BROWSER"
PATIENCE = 15_000
# An agent that is quick, and that goes on when it is told to: the tests see it at work without waiting for a clock.
AGENT = """
import json, pathlib, sys, time
task = json.load(sys.stdin)
print("Task: " + task["prompt"])
print("::command pytest -q")
print("::progress 40", flush=True)
if task["prompt"].startswith("Wait for "):
    gate = pathlib.Path(task["prompt"].split()[2])
    while not gate.exists():
        time.sleep(0.02)
print("17 passed")
print("::reply I did what you asked: " + task["messages"][-1]["content"] if task["messages"] else "::reply Done as asked")
print("::success Done.")
"""
_numbers = count(1)


@dataclass(frozen=True)
class Site:
    """The platform as it is served: where, and for whom."""

    address: str
    admin_dsn: str
    github: GitHub

    def newcomer(self) -> str:
        """A user whom nobody else knows."""
        name = f"user-{os.getpid()}-{next(_numbers)}"
        with connect(self.admin_dsn) as admin:
            add_user(admin, name)
        return name


class _Server(uvicorn.Server):
    """Says when it serves."""

    def __init__(self, config: uvicorn.Config, ready: threading.Event) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready.set()


@contextmanager
def served(endpoints: Endpoints) -> Iterator[tuple[str, GitHub]]:
    """The platform, in a thread with a loop of its own, so that it answers whatever the tests' loops do; its address.

    Beside it what people sign in with: another site, as far as a browser is concerned.
    """
    with socket.create_server((HOST, 0)) as listener, socket.create_server((HOST, 0)) as elsewhere:
        address = f"http://{HOST}:{listener.getsockname()[1]}"
        callback = f"{address}/auth/github/callback"
        github = GitHub("client", "secret", callback)
        provider = provider_at(f"http://localhost:{elsewhere.getsockname()[1]}")
        sign_in = SignIn(Client("client", "secret", callback, provider), key=bytes(32), environment="development")
        servers: list[uvicorn.Server] = []
        ready = threading.Event()

        async def serve() -> None:
            async with Database(endpoints.login, service_dsn=endpoints.service, keys=TextKeys(RING.text)) as db:
                await seed(db)
                terms = Terms((sys.executable, "-I", "-u", "-c", AGENT), grace=0.5)
                runner = SubprocessRunner(db, terms, at_once=4, poll=0.1)
                app = create_app(db, DevelopmentSessions(b"0" * 32), runner, sign_in=sign_in)
                servers.append(_Server(_config(app), ready))
                servers.append(uvicorn.Server(_config(github.app)))
                await asyncio.gather(
                    *(each.serve(sockets=[at]) for each, at in zip(servers, (listener, elsewhere), strict=True))
                )

        with ThreadPoolExecutor(1, "platform") as threads:
            serving = threads.submit(asyncio.run, serve())
            serving.add_done_callback(lambda _: ready.set())
            if not ready.wait(60) or serving.done():
                serving.result(0)
            try:
                yield address, github
            finally:
                for server in servers:
                    server.should_exit = True
                serving.result(30)


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1)


@pytest.fixture(scope="session")
def site(cluster: Cluster, template: str) -> Iterator[Site]:
    """The platform, with a runner that works."""
    with cluster.clone(template) as endpoints, served(endpoints) as (address, github):
        yield Site(address, cluster.admin_dsn(str(conninfo_to_dict(endpoints.login)["dbname"])), github)


def chromium() -> str | None:
    """The browser to test with."""
    named = os.environ.get("FREEHOLD_TEST_BROWSER")
    return named or next(filter(None, map(shutil.which, CHROMIUM)), None)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium."""
    path = chromium()
    if path is None:
        pytest.skip(ABSENT)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def context(browser: Browser, site: Site) -> AsyncIterator[BrowserContext]:
    """A browser that nobody has used."""
    context = await browser.new_context(base_url=site.address, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    yield context
    await context.close()


@pytest.fixture
def user(site: Site) -> str:
    """Somebody new."""
    return site.newcomer()


@pytest_asyncio.fixture(loop_scope="session")
async def page(context: BrowserContext, user: str) -> AsyncIterator[Page]:
    """A page of the user's, who is signed in; whatever the browser complains of fails the test."""
    await sign_in(context, user)
    page = await context.new_page()
    with Watch(page):
        yield page


@pytest_asyncio.fixture(loop_scope="session")
async def visitor(context: BrowserContext) -> AsyncIterator[Page]:
    """A page of somebody who is not signed in."""
    page = await context.new_page()
    with Watch(page):
        yield page


async def sign_in(context: BrowserContext, user: str) -> None:
    """Gives the browser a session of the user's."""
    answer = await context.request.post("/dev/sign-in", form={"user_id": user})
    assert answer.ok
