"""Two copies of the platform: one as its models declare it, and one without its protection, for the controls."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from psycopg.conninfo import conninfo_to_dict

from freehold import Database
from freehold.wire import PoolSize
from tests.attack.platform import MODELS, REVISIONS, Platform
from tests.cluster import LOGIN, Cluster


@pytest.fixture(scope="session")
def platform_template(cluster: Cluster) -> str:
    """The tables of the platform."""
    return cluster.template("platform", *REVISIONS)


@pytest.fixture(scope="session")
def _protected(cluster: Cluster, platform_template: str) -> Iterator[Platform]:
    with cluster.clone(platform_template) as endpoints:
        name = str(conninfo_to_dict(endpoints.login)["dbname"])
        with Platform.of(endpoints, cluster.admin_dsn(name)) as platform:
            yield platform


@pytest.fixture(scope="session")
def _open(cluster: Cluster, platform_template: str) -> Iterator[Platform]:
    with cluster.clone(platform_template) as endpoints:
        name = str(conninfo_to_dict(endpoints.login)["dbname"])
        with Platform.of(endpoints, cluster.admin_dsn(name)) as platform:
            for table in MODELS:
                for statement in (
                    f"ALTER TABLE public.{table} DISABLE ROW LEVEL SECURITY",
                    f"GRANT SELECT, INSERT, UPDATE, DELETE ON public.{table} TO anon, authenticated, {LOGIN}",
                ):
                    platform.superuser.execute(statement.encode())
            platform.superuser.execute(f"GRANT USAGE ON SCHEMA public TO {LOGIN}".encode())
            yield platform


@pytest.fixture
def platform(_protected: Platform) -> Iterator[Platform]:
    """The platform as declared, with its rows."""
    yield _protected
    _protected.restore()


@pytest.fixture
def unprotected(_open: Platform) -> Iterator[Platform]:
    """The platform with row security disabled and everything granted: every attack on it must succeed."""
    yield _open
    _open.restore()


@pytest.fixture
async def db(platform: Platform) -> AsyncIterator[Database]:
    """The platform's database through the library, as the application's login role."""
    async with Database(platform.endpoints.login, size=PoolSize(largest=2, shared=1, patience=5.0)) as database:
        yield database
