"""The application of `notes`, on a database of the test's own, called as a browser and as programs call it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI

from freehold.actions.tables import metadata as kept
from freehold.auth import DevelopmentSessions
from freehold.limits.tables import metadata as counted
from freehold.models import schema_statements
from freehold.scope import Database
from freehold.server import Endpoints
from freehold.wire import connect
from tests.cluster import Cluster
from tests.integration.actions.board import Base as Board
from tests.integration.actions.notes import Base, create_app
from tests.integration.conftest import ALICE, BOB, database_of

ORIGIN = "http://test"


@pytest.fixture(scope="session")
def notes_database(cluster: Cluster) -> Iterator[Endpoints]:
    """A database with the tables of `notes`, which a worker's tests use in turn."""
    with cluster.clone(cluster.template("actions", metadata=Base.metadata)) as endpoints:
        yield endpoints


@pytest.fixture
def endpoints(cluster: Cluster, notes_database: Endpoints) -> Endpoints:
    """That database, emptied."""
    with connect(cluster.admin_dsn(database_of(notes_database))) as superuser:
        for table in reversed(Base.metadata.sorted_tables):
            superuser.execute(f"DELETE FROM {table.fullname}".encode())
    return notes_database


@pytest.fixture(scope="session")
def board_database(cluster: Cluster) -> Iterator[Endpoints]:
    """A database with the tables of the board, and those its actions need."""
    more = [each for metadata in (kept, counted) for each in schema_statements(metadata)]
    with cluster.clone(cluster.template("board", *more, metadata=Board.metadata)) as endpoints:
        yield endpoints


@pytest.fixture
def board_endpoints(cluster: Cluster, board_database: Endpoints) -> Endpoints:
    """That database, emptied."""
    with connect(cluster.admin_dsn(database_of(board_database))) as superuser:
        for metadata in (Board.metadata, kept, counted):
            for table in metadata.tables.values():
                superuser.execute(f"DELETE FROM {table.fullname}".encode())
    return board_database


@pytest.fixture
def sessions() -> DevelopmentSessions:
    """Who signs whom in."""
    return DevelopmentSessions(bytes(range(32)))


@asynccontextmanager
async def opened(app: FastAPI, token: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """A client of ``app``; errors of the application reach it as answers, as they do over a network."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers) as client:
        yield client


@pytest.fixture
def app(db: Database, sessions: DevelopmentSessions) -> FastAPI:
    """The application."""
    return create_app(db, sessions)


@pytest.fixture
async def nobody(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client that is not signed in."""
    async with opened(app) as client:
        yield client


@pytest.fixture
async def alice(app: FastAPI, sessions: DevelopmentSessions) -> AsyncIterator[httpx.AsyncClient]:
    """A program of Alice's, with a bearer token."""
    async with opened(app, sessions.issue(ALICE)) as client:
        yield client


@pytest.fixture
async def bob(app: FastAPI, sessions: DevelopmentSessions) -> AsyncIterator[httpx.AsyncClient]:
    """A program of Bob's."""
    async with opened(app, sessions.issue(BOB)) as client:
        yield client
