"""One throw-away server per session (and worker), and databases of their own for those who change them."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from freehold.server import EmbeddedServer, bootstrap, create_database, drop_database
from freehold.wire import Connection, connect

DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """The embedded server of the wheel."""
    with EmbeddedServer.start(tmp_path_factory.mktemp("server"), durable=False) as started:
        yield started


@pytest.fixture(scope="session", params=["embedded", "15"])
def any_server(
    request: pytest.FixtureRequest, server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EmbeddedServer]:
    """The embedded server, and the oldest supported one where it is installed."""
    if request.param == "embedded":
        yield server
    elif not DEBIAN_15.exists():
        pytest.skip(f"PostgreSQL 15 is not installed in {DEBIAN_15}")
    else:
        with EmbeddedServer.start(tmp_path_factory.mktemp("15"), durable=False, binaries=DEBIAN_15) as started:
            yield started


_numbers = itertools.count()


def _maker(server: EmbeddedServer) -> Iterator[Callable[[], tuple[Connection, str]]]:
    made: list[tuple[Connection, str]] = []
    with connect(server.admin_dsn()) as admin:

        def make() -> tuple[Connection, str]:
            name = f"t{os.getpid()}_{next(_numbers)}"
            create_database(admin, name)
            made.append((connect(server.admin_dsn(name)), name))
            return made[-1]

        yield make
        for connection, name in made:
            connection.close()
            drop_database(admin, name)


@pytest.fixture
def fresh(any_server: EmbeddedServer) -> Iterator[Callable[[], tuple[Connection, str]]]:
    """Makes empty databases: (a superuser's connection, an application's name nobody else has)."""
    yield from _maker(any_server)


def _prepare(server: EmbeddedServer, connection: Connection, app: str) -> tuple[Connection, str]:
    bootstrap(connection, app, {role: server.password(role) for role in (app, f"{app}_service", f"{app}_owner")})
    return connection, app


@pytest.fixture(scope="session")
def shared(any_server: EmbeddedServer) -> Iterator[tuple[Connection, str]]:
    """A bootstrapped database for tests that leave nothing in it."""
    for make in _maker(any_server):
        yield _prepare(any_server, *make())


@pytest.fixture
def own(any_server: EmbeddedServer, fresh: Callable[[], tuple[Connection, str]]) -> tuple[Connection, str]:
    """A bootstrapped database of the test's own."""
    return _prepare(any_server, *fresh())
