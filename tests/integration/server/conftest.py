"""One throw-away server per session (and worker), and databases of their own for those who change them."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator

import pytest

from freehold.server import EmbeddedServer, bootstrap, create_database, drop_database
from freehold.wire import Connection, connect
from tests.servers import OLDER, older


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """The embedded server of the wheel."""
    with EmbeddedServer.start(tmp_path_factory.mktemp("server"), durable=False) as started:
        yield started


@pytest.fixture(scope="session", params=["embedded", *OLDER])
def any_server(
    request: pytest.FixtureRequest, server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EmbeddedServer]:
    """The embedded server, and older ones where they are installed."""
    if request.param == "embedded":
        yield server
        return
    programs = older(request.param)
    with EmbeddedServer.start(tmp_path_factory.mktemp(request.param), durable=False, binaries=programs) as started:
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
