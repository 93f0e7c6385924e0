"""The one PostgreSQL server of a test run: prepared databases as templates, and a clone of one for each test.

The server is the embedded one, shared by every worker of the run, or the one that FREEHOLD_TEST_DSN names: the URL
of a superuser on any PostgreSQL 15-18. Statements under test never run as that superuser.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

import pytest
from sqlalchemy import MetaData

from freehold.models import schema_statements
from freehold.server import EmbeddedServer, Endpoints, bootstrap, create_database, drop_database
from freehold.server._lease import exclusive
from freehold.wire import Connection, connect

APP: Final = "fhtest"
LOGIN, SERVICE, OWNER = APP, f"{APP}_service", f"{APP}_owner"
VARIABLE: Final = "FREEHOLD_TEST_DSN"
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
    server: EmbeddedServer | None
    admin: Connection
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @classmethod
    def start(cls, directory: Path) -> Cluster:
        """The run's server, started by whoever comes first; refuses a login role that bypasses row security."""
        external = os.environ.get(VARIABLE)
        server = None if external else EmbeddedServer.start(directory / "server", durable=False)
        cluster = cls(directory, server, connect(external or (server.admin_dsn() if server else "")))
        with cluster.once("base"):
            cluster._make_base()
        if cluster.posture()[2]:
            pytest.exit(f"The login role {LOGIN!r} bypasses row security: every isolation test would lie.", 3)
        return cluster

    def stop(self) -> None:
        """Drops the templates, if this process is the last of the run, and leaves the server."""
        self.admin.close()
        if self.server is not None:
            self.server.stop()

    def drop_templates(self) -> None:
        """Drops what `template` made, at the end of a run on another server."""
        for path in self.directory.glob("*.made"):
            drop_database(self.admin, self._name(path.stem))

    def posture(self) -> tuple[str, str, bool]:
        """Server version, login role, whether it bypasses row security: as the login role sees it."""
        with connect(self.dsn(LOGIN, self._name("base"))) as login:
            version, role, bypasses = login.execute(_POSTURE).fetchone() or ("?", "?", True)
        return str(version), str(role), bool(bypasses)

    def dsn(self, role: str, database: str) -> str:
        """Where ``role`` logs in to ``database``."""
        if self.server is not None:
            return self.server.dsn(role, database)
        return _url(database, role, self._passwords()[role])

    def admin_dsn(self, database: str) -> str:
        """Where the superuser does: to break things on purpose, never to test them."""
        if self.server is not None:
            return self.server.admin_dsn(database)
        return _url(database)

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
                bootstrap(admin, APP, self._passwords())

    def _passwords(self) -> dict[str, str]:
        if self.server is not None:
            return {role: self.server.password(role) for role in (LOGIN, SERVICE, OWNER)}
        path = self.directory / "passwords.json"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(json.dumps({role: secrets.token_hex(16) for role in (LOGIN, SERVICE, OWNER)}))
        passwords: dict[str, str] = json.loads(path.read_text())
        return passwords

    def _name(self, name: str) -> str:
        return f"fh_{hashlib.sha256(str(self.directory).encode()).hexdigest()[:8]}_{name}"


def _url(database: str, role: str | None = None, password: str = "") -> str:
    """That of the given server, of another database or role; a URL, as the variables that commands read take it."""
    parts = urlsplit(os.environ[VARIABLE])
    place = parts.netloc
    if role is not None:
        place = f"{quote(role)}:{quote(password)}@{place.rpartition('@')[2]}"
    return urlunsplit((parts.scheme, place, f"/{quote(database)}", parts.query, ""))
