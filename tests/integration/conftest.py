"""A database for each test, copied from a template, and the scopes of two users and somebody who is not signed in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from freehold import AnonymousScope, Database, UserScope
from freehold.server import EmbeddedServer, Endpoints
from freehold.wire import Connection, PoolSize, connect
from tests.cluster import Cluster
from tests.integration.scope.models import Base
from tests.prefork import Prefork

ALICE = "0190a1b2-0000-7000-8000-00000000a11c"
BOB = "0190a1b2-0000-7000-8000-0000000000b0"


@pytest.fixture(scope="session")
def template(cluster: Cluster) -> str:
    """A database with the tables of the scope tests, to be copied."""
    return cluster.template("scope", metadata=Base.metadata)


@pytest.fixture(scope="session")
def _worn(cluster: Cluster, template: str) -> Iterator[Endpoints]:
    with cluster.clone(template) as endpoints:
        yield endpoints


@pytest.fixture
def endpoints(cluster: Cluster, _worn: Endpoints) -> Endpoints:
    """The logins of a database with two users and nothing else.

    A worker's tests take turns with one copy, emptied in between, which is much cheaper than a copy each; a test
    that changes more than rows asks for `own_endpoints`.
    """
    _empty(cluster, _worn)
    return _worn


@pytest.fixture
def own_endpoints(cluster: Cluster, template: str) -> Iterator[Endpoints]:
    """The logins of a copy of the test's own."""
    with cluster.clone(template) as endpoints:
        _empty(cluster, endpoints)
        yield endpoints


@pytest.fixture
def size() -> PoolSize:
    """Small pools, and little patience: a test that waits is a test that fails."""
    return PoolSize(largest=4, shared=2, patience=5.0)


@pytest.fixture
async def db(endpoints: Endpoints, size: PoolSize) -> AsyncIterator[Database]:
    """The database as the application's login role sees it."""
    async with Database(endpoints.login, service_dsn=endpoints.service, size=size) as database:
        yield database


@pytest.fixture
def alice(db: Database) -> UserScope:
    """A signed-in user."""
    return db.as_user(ALICE)


@pytest.fixture
def bob(db: Database) -> UserScope:
    """Another."""
    return db.as_user(BOB)


@pytest.fixture
def anon(db: Database) -> AnonymousScope:
    """Somebody who is not signed in."""
    return db.as_anon()


@pytest.fixture
def admin(cluster: Cluster, endpoints: Endpoints) -> Iterator[Connection]:
    """A superuser in the database of `endpoints`, to look and to break things; never the subject of a test."""
    with connect(cluster.admin_dsn(database_of(endpoints))) as connection:
        yield connection


@pytest.fixture(scope="session")
def prefork(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prefork]:
    """Runs ``freehold``, each command in a process of its own, without waiting for its imports."""
    with Prefork(tmp_path_factory.mktemp("prefork")) as commands:
        yield commands


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A FREEHOLD_DIRECTORY whose shadow server runs, so that no command has to start one."""
    directory = tmp_path_factory.mktemp("workshop")
    with EmbeddedServer.start(directory / "shadow", durable=False):
        yield directory


def database_of(endpoints: Endpoints) -> str:
    """The name of the database."""
    return str(conninfo_to_dict(endpoints.login)["dbname"])


def _empty(cluster: Cluster, endpoints: Endpoints) -> None:
    with connect(cluster.admin_dsn(database_of(endpoints))) as superuser:
        for table in reversed(Base.metadata.sorted_tables):
            superuser.execute(f"DELETE FROM {table.fullname}".encode())
        superuser.execute("INSERT INTO public.users (id) VALUES (%s), (%s)", (ALICE, BOB))
