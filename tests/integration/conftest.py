"""A database per test, cloned from a template, and the scopes of two users and somebody who is not signed in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from freehold import AnonymousScope, Database, UserScope
from freehold.server import Endpoints
from freehold.wire import PoolSize
from tests.cluster import Cluster
from tests.integration.scope.models import Base, User

ALICE = "0190a1b2-0000-7000-8000-00000000a11c"
BOB = "0190a1b2-0000-7000-8000-0000000000b0"


@pytest.fixture(scope="session")
def template(cluster: Cluster) -> str:
    """The database that `endpoints` copies: the tables of the scope tests, and two users."""
    users = [f"insert into public.users ({User.id.key}, name) values ('{each}', null)" for each in (ALICE, BOB)]
    return cluster.template("scope", *_as_owner(users), metadata=Base.metadata)


@pytest.fixture
def endpoints(cluster: Cluster, template: str) -> Iterator[Endpoints]:
    """The logins of a database of the test's own."""
    with cluster.clone(template) as endpoints:
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


def _as_owner(statements: list[str]) -> list[str]:
    """The tables' owner is under row security too, so it lifts FORCE for as long as it seeds."""
    table = "ALTER TABLE public.users"
    return [f"{table} NO FORCE ROW LEVEL SECURITY", *statements, f"{table} FORCE ROW LEVEL SECURITY"]
