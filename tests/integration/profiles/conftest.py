"""The profiles application on a database of its own, and browsers of people who may sign in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack

import httpx
import pytest
from fastapi import FastAPI

from examples.profiles.app import create_app
from examples.profiles.models import Profile
from examples.profiles.person import PEOPLE, Person
from freehold.auth import DevelopmentSessions
from freehold.scope import Database
from freehold.server import Endpoints
from freehold.wire import connect
from tests.cluster import Cluster
from tests.integration.conftest import database_of

ALICE, BOB, CAROL = PEOPLE
ORIGIN = "http://127.0.0.1:8000"
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Sec-Fetch-Site": "same-origin", "Origin": ORIGIN}

Browse = Callable[[Person | None], Awaitable[httpx.AsyncClient]]


@pytest.fixture(scope="session")
def profiles_database(cluster: Cluster) -> Iterator[Endpoints]:
    """A database with the application's table, which a worker's tests use in turn."""
    with cluster.clone(cluster.template("profiles", metadata=Profile.metadata)) as endpoints:
        yield endpoints


@pytest.fixture
def endpoints(cluster: Cluster, profiles_database: Endpoints) -> Endpoints:
    """That database, emptied."""
    with connect(cluster.admin_dsn(database_of(profiles_database))) as superuser:
        superuser.execute(b"DELETE FROM public.profiles")
    return profiles_database


@pytest.fixture
def sessions() -> DevelopmentSessions:
    """Who signs whom in."""
    return DevelopmentSessions(bytes(range(32)))


@pytest.fixture
def app(db: Database, sessions: DevelopmentSessions) -> FastAPI:
    """The application."""
    return create_app(db, sessions)


@pytest.fixture
async def browse(app: FastAPI) -> AsyncIterator[Browse]:
    """Opens a browser, in which somebody is signed in, or nobody."""
    async with AsyncExitStack() as stack:

        async def opened(person: Person | None) -> httpx.AsyncClient:
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            client = httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=BROWSER)
            await stack.enter_async_context(client)
            if person is not None:
                assert (await client.post("/sign-in", data={"user_id": person.id})).status_code == 303
            return client

        yield opened


@pytest.fixture
async def alice(browse: Browse) -> httpx.AsyncClient:
    """Alice's browser, signed in."""
    return await browse(ALICE)


@pytest.fixture
async def bob(browse: Browse) -> httpx.AsyncClient:
    """Bob's."""
    return await browse(BOB)


@pytest.fixture
async def nobody(browse: Browse) -> httpx.AsyncClient:
    """A browser in which nobody is signed in."""
    return await browse(None)
