"""The tables of `people` on a database of their own, with two users."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from freehold import Database, Identity, UserScope
from freehold.auth import ApiTokens, Sessions, Verified
from freehold.server import Endpoints
from freehold.wire import connect
from tests.cluster import Cluster
from tests.integration.auth.people import ApiToken, Base, Session
from tests.integration.conftest import ALICE, BOB, database_of
from tests.integration.scope.conftest import wire

__all__ = ["wire"]


@dataclass(frozen=True)
class Holder:
    """What `UserContext` is to a token: a scope, and what the credential is good for."""

    scope: UserScope
    verified: Verified

    @classmethod
    def of(cls, db: Database, verified: Verified) -> Holder:
        """Whoever showed a credential."""
        return cls(db.as_user(verified.identity), verified)


@pytest.fixture(scope="session")
def people_database(cluster: Cluster) -> Iterator[Endpoints]:
    """A database with the tables, which a worker's tests use in turn."""
    with cluster.clone(cluster.template("auth", metadata=Base.metadata)) as endpoints:
        yield endpoints


@pytest.fixture
def endpoints(cluster: Cluster, people_database: Endpoints) -> Endpoints:
    """That database, with two users and nothing else."""
    with connect(cluster.admin_dsn(database_of(people_database))) as superuser:
        superuser.execute("DELETE FROM public.users")
        superuser.execute(
            "INSERT INTO public.users (id, external_id, email) VALUES (%s, 'a', 'alice@example.com'), (%s, 'b', null)",
            (ALICE, BOB),
        )
    return people_database


@pytest.fixture
def tokens(db: Database) -> ApiTokens:
    """The tokens of the application."""
    return ApiTokens(db, ApiToken, legacy=True)


@pytest.fixture
def sessions(db: Database) -> Sessions:
    """Its sessions."""
    return Sessions(db, Session)


@pytest.fixture
def holder(db: Database) -> Holder:
    """Alice, signed in."""
    return Holder.of(db, Verified(Identity.user(ALICE)))
