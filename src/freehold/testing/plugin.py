"""The pytest plugin: a database of one's own for each test, and scopes of its users.

It is loaded in every session of an environment that has freehold, so it imports nothing but pytest until a fixture is
asked for. The fixtures are ``freehold_db``, ``freehold_as_user`` and so on; where a project names its models to
freehold they have short names as well, ``db``, ``as_user`` ..., which ``freehold_prefix`` changes.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

import pytest

try:
    from pytest_asyncio import fixture as async_fixture
except ImportError:  # without pytest-asyncio nothing asynchronous can be tested, and nothing here is asked for
    async_fixture = pytest.fixture  # type: ignore[assignment]

if TYPE_CHECKING:
    from freehold.encryption import KeyProvider
    from freehold.identity import Identity
    from freehold.scope import AnonymousScope, Database, ServiceScope, UserScope
    from freehold.server import Endpoints
    from freehold.testing.isolation import Isolation
    from freehold.testing.workshop import Workshop

_SHORT: Final = ("db", "as_user", "as_anon", "as_service", "round_trips", "assert_isolated", "isolation_machine")
_OPTIONS: Final = {
    "freehold_models": "The module that declares the models; by default that of [tool.freehold].",
    "freehold_migrations": "The directory of the revisions; by default that of [tool.freehold].",
    "freehold_schema": "What the tables are made from: revisions (by default, where there are any) or models.",
    "freehold_prefix": "What stands before the short names of the fixtures, for projects that use them otherwise.",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Settings in pytest's configuration."""
    for name, text in _OPTIONS.items():
        parser.addini(name, text, default="")


def pytest_configure(config: pytest.Config) -> None:
    """Adds the short names, where the project uses freehold."""
    if _in_use(config):
        config.pluginmanager.register(_aliases(str(config.getini("freehold_prefix"))), "freehold-short-names")


def _in_use(config: pytest.Config) -> bool:
    if config.getini("freehold_models") or os.environ.get("FREEHOLD_MODELS"):
        return True
    try:
        document = tomllib.loads((config.rootpath / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return False
    return bool(document.get("tool", {}).get("freehold", {}).get("models"))


def _aliases(prefix: str) -> object:
    """An object whose fixtures give what the long names give."""

    class Aliases:
        pass

    for name in _SHORT:
        setattr(Aliases, f"alias_of_{name}", pytest.fixture(name=f"{prefix}{name}")(_alias(f"freehold_{name}")))
    return Aliases()


def _alias(name: str) -> Callable[..., Any]:
    namespace: dict[str, Any] = {}
    exec(f"def alias(self, {name}): return {name}", namespace)  # noqa: S102 - pytest reads the parameter's name
    alias: Callable[..., Any] = namespace["alias"]
    alias.__doc__ = f"The same as `{name}`."
    return alias


@pytest.fixture(scope="session")
def freehold_workshop(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    """The server of the session, shared by its processes, with a template of the project's tables."""
    from freehold.testing.setup import Setup  # noqa: PLC0415
    from freehold.testing.workshop import Workshop  # noqa: PLC0415

    models, migrations, source = (
        str(pytestconfig.getini(f"freehold_{name}")) or None for name in ("models", "migrations", "schema")
    )
    setup = Setup.of(pytestconfig.rootpath, models, migrations, source)
    base: Path = tmp_path_factory.getbasetemp()
    run = base.parent if hasattr(pytestconfig, "workerinput") else base
    workshop = Workshop.start(run / "freehold", setup)
    yield workshop
    workshop.stop()


@pytest.fixture
def freehold_endpoints(freehold_workshop: Workshop) -> Iterator[Endpoints]:
    """The URLs of the test's own database: the application's login, the service's and the owner's."""
    with freehold_workshop.clone() as endpoints:
        yield endpoints


@pytest.fixture(scope="session")
def freehold_keys() -> KeyProvider:
    """The key ring that sealed columns are sealed with: of this session's, and gone with it."""
    from freehold.encryption import RingKey, TextKeys  # noqa: PLC0415

    return TextKeys(RingKey.new("test").text)


@async_fixture
async def freehold_db(freehold_endpoints: Endpoints, freehold_keys: KeyProvider) -> AsyncIterator[Database]:
    """The test's own database, as the application sees it."""
    from freehold.scope import Database  # noqa: PLC0415

    urls = freehold_endpoints
    async with Database(urls.login, service_dsn=urls.service, keys=freehold_keys) as database:
        yield database


@pytest.fixture
def freehold_as_user(freehold_db: Database) -> Callable[..., UserScope]:
    """Gives the scope of a user: of an id, of claims, of an identity, or of somebody new."""

    def as_user(identity: Identity | dict[str, Any] | str | UUID | None = None) -> UserScope:
        return freehold_db.as_user(uuid4() if identity is None else identity)

    return as_user


@pytest.fixture
def freehold_as_anon(freehold_db: Database) -> Callable[[], AnonymousScope]:
    """Gives the scope of somebody who is not signed in."""
    return freehold_db.as_anon


@pytest.fixture
def freehold_as_service(freehold_db: Database) -> Callable[..., ServiceScope]:
    """Gives the scope of the service: for all users, or for ``owner``."""

    def as_service(owner: str | UUID | None = None, reason: str = "test") -> ServiceScope:
        return freehold_db.as_service(reason=reason, owner=owner, all_users=owner is None)

    return as_service


@pytest.fixture
def freehold_round_trips() -> Callable[[], Any]:
    """Gives a context manager that counts round trips: ``with round_trips() as trips: ...; assert trips == 1``."""
    from freehold.testing.trips import round_trips  # noqa: PLC0415

    return round_trips


@pytest.fixture(scope="session")
def freehold_assert_isolated(freehold_workshop: Workshop) -> Isolation:
    """Gives `assert_isolated(*models)`: the isolation proof of these models' tables."""
    from freehold.testing.isolation import Isolation  # noqa: PLC0415

    return Isolation(freehold_workshop)


@pytest.fixture
def freehold_isolation_machine(freehold_workshop: Workshop) -> Iterator[Callable[..., Any]]:
    """Gives a Hypothesis state machine for some models: ``run_state_machine_as_test(isolation_machine(Task))``."""
    from freehold.models import table_of  # noqa: PLC0415
    from freehold.testing.machine import World, isolation_machine  # noqa: PLC0415

    worlds = list[World]()

    def machine(*models: type[Any]) -> Any:
        worlds.append(World(freehold_workshop, [table_of(model) for model in models]))
        return isolation_machine(worlds[-1])

    yield machine
    for world in worlds:
        world.close()
