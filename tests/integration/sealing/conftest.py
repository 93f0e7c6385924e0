"""A database with sealed columns, a key ring, and two users."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest
from psycopg.conninfo import conninfo_to_dict

from freehold import Database, ServiceScope, UserScope
from freehold.encryption import KeyRing, KeyState, RingKey, TextKeys
from freehold.server import Endpoints
from freehold.wire import Connection, PoolSize, connect
from tests.cluster import Cluster
from tests.integration.sealing.models import Base

ALICE = "0190a1b2-0000-7000-8000-00000000a11c"
BOB = "0190a1b2-0000-7000-8000-0000000000b0"
RING = RingKey("r1", KeyState.PRIMARY, bytes(range(32)))
SECOND = RingKey("r2", KeyState.PRIMARY, bytes(range(1, 33)))
NODE_KEY = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff"
KEYS = f"{RING.text}, old:legacy:{NODE_KEY}"


@dataclass(frozen=True)
class Ring:
    """A provider of a ring made by a test."""

    keys: tuple[RingKey, ...]

    def ring(self) -> KeyRing:
        """The ring."""
        return KeyRing(self.keys)


@pytest.fixture(scope="session")
def _worn(cluster: Cluster) -> Iterator[Endpoints]:
    with cluster.clone(cluster.template("sealing", metadata=Base.metadata)) as endpoints:
        yield endpoints


@pytest.fixture
def admin(cluster: Cluster, _worn: Endpoints) -> Iterator[Connection]:
    """A superuser, to look and to break things; never the subject of a test."""
    with connect(cluster.admin_dsn(str(conninfo_to_dict(_worn.login)["dbname"]))) as connection:
        yield connection


@pytest.fixture
def endpoints(_worn: Endpoints, admin: Connection) -> Endpoints:
    """The logins of a database without rows."""
    for table in Base.metadata.sorted_tables:
        admin.execute(f"truncate {table.fullname}".encode())
    return _worn


@pytest.fixture
async def db(endpoints: Endpoints) -> AsyncIterator[Database]:
    """The database with a key ring."""
    async with database(endpoints) as opened:
        yield opened


def database(endpoints: Endpoints, keys: str = KEYS) -> Database:
    """Another process's view of the same database: its own caches."""
    size = PoolSize(largest=4, shared=2, patience=5.0)
    return Database(endpoints.login, service_dsn=endpoints.service, size=size, keys=TextKeys(keys))


@pytest.fixture
def alice(db: Database) -> UserScope:
    """A signed-in user."""
    return db.as_user(ALICE)


@pytest.fixture
def bob(db: Database) -> UserScope:
    """Another."""
    return db.as_user(BOB)


@pytest.fixture
def service(db: Database) -> ServiceScope:
    """The service, for everybody's rows."""
    return db.as_service(reason="test", all_users=True)
