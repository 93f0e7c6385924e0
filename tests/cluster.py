"""The one PostgreSQL server of a test run: prepared databases as templates, and a clone of one for each test.

The server is the embedded one, shared by every worker of the run, or the one that FREEHOLD_TEST_DSN names: the URL
of a superuser on any PostgreSQL 15-18. Statements under test never run as that superuser.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import MetaData

from freehold.models import schema_statements
from freehold.server import Endpoints, bootstrap, create_database, drop_database
from freehold.server._lease import exclusive
from freehold.wire import Connection, connect
from tests.servers import Server, given, server

APP: Final = "fhtest"
LOGIN, SERVICE, OWNER = APP, f"{APP}_service", f"{APP}_owner"
_POSTURE: Final = """
    select current_setting('server_version'), current_user::text, rolsuper or rolbypassrls
    from pg_catalog.pg_roles where rolname = current_user
"""


def run_directory(config: pytest.Config) -> Path:
    """What the processes of one test run have in common; a worker's temporary directory lies in the run's."""
    base: Path = config._tmp_path_factory.getbasetemp()
    return base.parent if hasattr(config, "workerinput") else base


@dataclass
class Cluster:
    """A server, and the databases that this process made on it."""

    directory: Path
    server: Server
    admin: Connection
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @classmethod
    def start(cls, directory: Path) -> Cluster:
        """The run's server, started by whoever comes first; refuses a login role that bypasses row security."""
        found = server(directory, "server")
        cluster = cls(directory, found, connect(found.admin_dsn()))
        with cluster.once("base"):
            cluster._make_base()
        if cluster.posture()[2]:
            pytest.exit(f"The login role {LOGIN!r} bypasses row security: every isolation test would lie.", 3)
        return cluster

    def stop(self) -> None:
        """Leaves the server; the last process of the run stops it."""
        self.admin.close()
        self.server.stop()

    def posture(self) -> tuple[str, str, bool]:
        """Server version, login role, whether it bypasses row security: as the login role sees it."""
        with connect(self.dsn(LOGIN, self._name("base"))) as login:
            version, role, bypasses = login.execute(_POSTURE).fetchone() or ("?", "?", True)
        return str(version), str(role), bool(bypasses)

    def dsn(self, role: str, database: str) -> str:
        """Where ``role`` logs in to ``database``."""
        return self.server.dsn(role, database)

    def admin_dsn(self, database: str) -> str:
        """Where the superuser does: to break things on purpose, never to test them."""
        return self.server.admin_dsn(database)

    def endpoints(self, database: str) -> Endpoints:
        """The three logins of ``database``."""
        return Endpoints(*(self.dsn(role, database) for role in (LOGIN, SERVICE, OWNER)))

    def template(self, name: str, *statements: str, metadata: MetaData | None = None) -> str:
        """A database with these tables, made once in a run; its name."""
        database = self._name(name)
        with self.once(name) as first:
            if first:
                create_database(self.admin, database, self._name("base"))
                with connect(self.dsn(OWNER, database)) as owner:
                    for statement in (*(schema_statements(metadata) if metadata is not None else ()), *statements):
                        owner.execute(statement.encode())
        return database

    @contextlib.contextmanager
    def clone(self, template: str) -> Iterator[Endpoints]:
        """The endpoints of a copy of ``template``, dropped afterwards."""
        database = self._name(f"{os.getpid()}_{next(self._numbers)}")
        create_database(self.admin, database, template)
        try:
            yield self.endpoints(database)
        finally:
            drop_database(self.admin, database)

    @contextlib.contextmanager
    def once(self, name: str) -> Iterator[bool]:
        """Whether this process is the first of the run to make ``name``; the others wait for it."""
        made = self.directory / f"{name}.made"
        with exclusive(self.directory / f"{name}.lock"):
            first = not made.exists()
            yield first
            made.touch()

    def _make_base(self) -> None:
        database = self._name("base")
        if self.admin.execute("select from pg_database where datname = %s", (database,)).fetchone() is None:
            create_database(self.admin, database)
            with connect(self.admin_dsn(database)) as admin:
                bootstrap(admin, APP, {role: self.server.password(role) for role in (LOGIN, SERVICE, OWNER)})

    def _name(self, name: str) -> str:
        return _name(self.directory, name)


def drop_templates(run: Path) -> None:
    """Drops what `Cluster.template` made, at the end of a run on a server that stays."""
    stays = given(run)
    if stays is not None:
        with connect(stays.admin_dsn()) as admin:
            for path in run.glob("*.made"):
                drop_database(admin, _name(run, path.stem))


def _name(run: Path, name: str) -> str:
    return f"fh_{hashlib.sha256(str(run).encode()).hexdigest()[:8]}_{name}"
