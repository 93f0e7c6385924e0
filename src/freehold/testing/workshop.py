"""The server of a test run, the template with the project's tables, and a clone of it for each test.

Every process of a run shares the server and the template: who comes first makes them, the others wait (a lock of the
kernel's, so that a process that dies holds nobody up).
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import secrets
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self
from urllib.parse import quote, urlsplit, urlunsplit

from freehold.errors import Code, RoleError
from freehold.server import EmbeddedServer, Endpoints, Lease, bootstrap, create_database, drop_database, exclusive
from freehold.testing.setup import Setup
from freehold.testing.wear import Wear
from freehold.wire import Connection, connect

VARIABLE: Final = "FREEHOLD_TEST_DSN"
"""The URL of a superuser on another server than the embedded one: PostgreSQL 15 to 18."""

_POSTURE: Final = b"select rolsuper or rolbypassrls from pg_catalog.pg_roles where rolname = %s"


@dataclass
class Workshop:
    """This process's hold on the server of the run; make it with `start`, end it with `stop`."""

    directory: Path
    setup: Setup
    server: EmbeddedServer | None
    external: str | None
    admin: Connection
    run: str
    lease: Lease
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _idle: list[str] = field(default_factory=list[str])
    _wear: dict[str, Wear] = field(default_factory=dict[str, Wear])

    @classmethod
    def start(cls, directory: Path, setup: Setup) -> Self:
        """The run's server in ``directory``, and on it the template.

        Raises `RoleError` (FH812) where the application's login would bypass row security: every test would lie.
        """
        external = os.environ.get(VARIABLE)
        server = None if external else EmbeddedServer.start(directory / "server", durable=False)
        admin = connect(external or (server.admin_dsn() if server else ""))
        workshop = cls(directory, setup, server, external, admin, _run(directory), Lease(directory / "lease"))
        try:
            workshop._make_template()
            workshop._refuse_superuser()
        except BaseException:
            workshop.stop()
            raise
        return workshop

    @property
    def template(self) -> str:
        """The name of the database that clones are copies of; nobody connects to it."""
        return f"{self.run}_template"

    def stop(self) -> None:
        """Drops this process's clones and leaves the server; the last process drops the template, or stops the server."""
        for name in list(self._wear):
            self._drop(name)
        with exclusive(self._lock):
            if self.lease.last():
                drop_database(self.admin, self.template)
                self._made.unlink(missing_ok=True)
            self.lease.close()
        self.admin.close()
        if self.server is not None:
            self.server.stop()

    @contextlib.contextmanager
    def clone(self) -> Generator[Endpoints]:
        """The URLs of the three logins of a copy of the template, which nobody else uses until the block ends."""
        name = self._idle.pop() if self._idle else self._copy()
        try:
            yield self.endpoints(name)
        finally:
            if self._wear[name].renewed():
                self._idle.append(name)
            else:
                self._drop(name)

    def _copy(self) -> str:
        name = f"{self.run}_{os.getpid()}_{next(self._numbers)}"
        create_database(self.admin, name, self.template)
        self._wear[name] = Wear.of(self.admin_dsn(name))
        return name

    def _drop(self, name: str) -> None:
        self._wear.pop(name).close()
        drop_database(self.admin, name)

    def endpoints(self, database: str) -> Endpoints:
        """The URLs of the three logins of ``database``."""
        app = self.setup.app
        login, service, owner = (self.dsn(role, database) for role in (app, f"{app}_service", f"{app}_owner"))
        return Endpoints(login, service, owner)

    def dsn(self, role: str, database: str) -> str:
        """Where ``role`` logs in."""
        if self.server is not None:
            return self.server.dsn(role, database)
        host = urlsplit(self.external or "").netloc.rpartition("@")[2]
        account = f"{quote(role)}:{quote(self._passwords()[role])}"
        return self._at(database, f"{account}@{host}")

    def admin_dsn(self, database: str) -> str:
        """Where the superuser logs in: to look and to break things, never to test them."""
        return self.server.admin_dsn(database) if self.server is not None else self._at(database)

    def _at(self, database: str, place: str | None = None) -> str:
        parts = urlsplit(self.external or "")
        return urlunsplit((parts.scheme, place or parts.netloc, f"/{quote(database)}", parts.query, ""))

    @property
    def _lock(self) -> Path:
        return self.directory / "template.lock"

    @property
    def _made(self) -> Path:
        return self.directory / "template.made"

    def _make_template(self) -> None:
        with exclusive(self._lock):
            if self._made.exists():
                return
            create_database(self.admin, self.template)
            with connect(self.admin_dsn(self.template)) as admin:
                bootstrap(admin, self.setup.app, self._passwords())
            self.setup.fill(self.dsn(f"{self.setup.app}_owner", self.template))
            self._made.touch()

    def _refuse_superuser(self) -> None:
        if self.admin.execute(_POSTURE, (self.setup.app,)).fetchone() != (False,):
            raise RoleError(
                Code.TESTING_UNPROTECTED,
                f"The login role {self.setup.app!r} bypasses row security: every test of isolation would lie.",
                hint=f'As a superuser, run: ALTER ROLE "{self.setup.app}" NOSUPERUSER NOBYPASSRLS;',
            )

    def _passwords(self) -> dict[str, str]:
        app = self.setup.app
        roles = (app, f"{app}_service", f"{app}_owner")
        if self.server is not None:
            return {role: self.server.password(role) for role in roles}
        path = self.directory / "passwords.json"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(json.dumps({role: secrets.token_hex(16) for role in roles}))
        passwords: dict[str, str] = json.loads(path.read_text())
        return passwords


def _run(directory: Path) -> str:
    """The name of the run, which its processes have in common."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "run"
    with exclusive(directory / "run.lock"):
        if not path.exists():
            path.write_text(f"fh_{secrets.token_hex(4)}")
        return path.read_text()
