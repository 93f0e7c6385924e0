"""The server of a run: an embedded PostgreSQL with the table, its policies and its rows; no login but one bypasses them.

``app`` is freehold's login role, which every scoped peer uses; ``app_bare`` is the one that row security does not
apply to, for the peers that run without any.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import parse_qs, urlsplit

import psycopg

from benchmarks.login import Where
from benchmarks.model import Task
from benchmarks.proxy import Proxy
from benchmarks.workload import COLUMNS, LATER, rows, streamer, writers
from freehold.models import schema_statements
from freehold.server import EmbeddedServer, bootstrap

_APP: Final = "bench"
_BARE: Final = "bench_bare"
_RTT_MS: Final = 1.0


class Server:
    """The running server, and the way to it without and with a network."""

    def __init__(self, embedded: EmbeddedServer, admin: psycopg.Connection) -> None:
        self._embedded = embedded
        self._admin = admin
        self.delayed: Path | None = None

    @classmethod
    @contextmanager
    def start(cls, directory: Path) -> Iterator[Self]:
        """A new server under ``directory`` with everything in it, and the proxy."""
        with EmbeddedServer.start(directory / "server", durable=False) as embedded:
            with psycopg.connect(embedded.admin_dsn(), autocommit=True) as admin:
                admin.execute(f"CREATE DATABASE {_APP}")
            with psycopg.connect(embedded.admin_dsn(_APP), autocommit=True) as admin:
                _prepare(embedded, admin)
                server = cls(embedded, admin)
                with Proxy(server.socket, directory / "trial", _RTT_MS / 2000):
                    excess = server.round_trip_us(directory / "trial") - server.round_trip_us() - _RTT_MS * 1000
                # What the relay itself takes is part of the delay, not added to it.
                with Proxy(server.socket, directory / "delayed", (_RTT_MS - excess / 1000) / 2000):
                    server.delayed = directory / "delayed"
                    yield server

    @property
    def version(self) -> str:
        """The version of PostgreSQL."""
        return self._embedded.version

    def where(self, rtt_ms: float, *, scoped: bool) -> Where:
        """How a peer logs in."""
        login = _login(self._embedded, _APP if scoped else _BARE)
        return replace(login, host=str(self.delayed)) if rtt_ms else login

    @property
    def socket(self) -> Path:
        """Where the server listens."""
        return Path(_login(self._embedded, _APP).host) / ".s.PGSQL.5432"

    def tidy(self) -> None:
        """Takes away what was inserted, and dead rows."""
        self._admin.execute("DELETE FROM tasks WHERE user_id = ANY(%s) AND created_at > %s", [writers(), LATER])
        self._admin.execute("VACUUM tasks")

    def grow(self, count: int) -> None:
        """Gives the streaming user ``count`` rows."""
        self._admin.execute(
            "INSERT INTO tasks (id, user_id, title, status, priority, starred, notes) "
            "SELECT gen_random_uuid(), %s, 'Task ' || n, 'pending', n %% 5, n %% 7 = 0, 'A note: ' || n "
            "FROM generate_series(1, %s) n",
            [streamer().user, count],
        )
        self._admin.execute("VACUUM (ANALYZE) tasks")

    def count_like(self, title: str) -> int:
        """How many rows have such a title, whoever's they are."""
        found = self._admin.execute("SELECT count(*) FROM tasks WHERE title LIKE %s", [title]).fetchone()
        return int(found[0]) if found else 0

    def retitle(self, title: str) -> None:
        """Takes back what an update wrote, so that the next one is seen."""
        self._admin.execute("UPDATE tasks SET title = 'taken back' WHERE title = %s", [title])

    def round_trip_us(self, through: Path | None = None, repeat: int = 200) -> float:
        """The median time of an empty statement, in microseconds: the machine and the network without the work."""
        samples: list[int] = []
        login = _login(self._embedded, _BARE)
        where = login if through is None else replace(login, host=str(through))
        with psycopg.connect(where.url(), autocommit=True) as connection:
            for _ in range(repeat):
                begun = time.perf_counter_ns()
                connection.execute("")
                samples.append(time.perf_counter_ns() - begun)
        return statistics.median(samples) / 1000


def _login(embedded: EmbeddedServer, role: str) -> Where:
    host = parse_qs(urlsplit(embedded.dsn(role, _APP)).query)["host"][0]
    return Where(host, role, embedded.password(role), _APP)


def _prepare(embedded: EmbeddedServer, admin: psycopg.Connection) -> None:
    logins = (_APP, f"{_APP}_service", f"{_APP}_owner")
    bootstrap(admin, _APP, {role: embedded.password(role) for role in logins})
    with psycopg.connect(embedded.dsn(f"{_APP}_owner", _APP), autocommit=True) as owner:
        for statement in schema_statements(Task.metadata):
            owner.execute(statement.encode())
        # Some libraries name every column in an INSERT, also those whose value is the database's to give.
        owner.execute("GRANT INSERT ON tasks TO authenticated")
        # Vacuum comes between the cases instead of in the middle of one.
        owner.execute("ALTER TABLE tasks SET (autovacuum_enabled = off)")
    admin.execute("INSERT INTO naps VALUES (gen_random_uuid())")
    admin.execute(f"CREATE ROLE {_BARE} LOGIN BYPASSRLS PASSWORD '{embedded.password(_BARE)}'")
    admin.execute(f"GRANT CONNECT ON DATABASE {_APP} TO {_BARE}")
    admin.execute(f"GRANT USAGE ON SCHEMA public, auth TO {_BARE}")
    admin.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON tasks TO {_BARE}")
    _copy(admin, rows())
    admin.execute("VACUUM (ANALYZE) tasks")


def _copy(admin: psycopg.Connection, seeded: Iterator[tuple[Any, ...]]) -> None:
    with admin.cursor() as cursor, cursor.copy(f"COPY tasks ({', '.join(COLUMNS)}) FROM STDIN") as copy:
        for row in seeded:
            copy.write_row(row)
