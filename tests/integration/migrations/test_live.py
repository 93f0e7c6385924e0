"""A database in use: what keeps writers out never reads a table through meanwhile, and traffic goes on.

Judged by what the server holds and has read, not by a clock: a transaction that shuts a table has read none of its
rows when it ends, and has not written it anew.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from freehold.errors import LockTimeoutError
from freehold.migrations import Options, migrate
from freehold.migrations.generate import Permission, drafted, planned_between
from freehold.migrations.script import Script
from freehold.wire import Connection, connect, translated
from tests.integration.migrations.conftest import BASE, Origin, Target, Workshop
from tests.integration.migrations.test_corpus import CASES
from tests.integration.migrations.test_units import TWELVE

OLD = ["tasks", "users", "notes", "plain"]
# Modes that conflict with ROW EXCLUSIVE, which every INSERT, UPDATE and DELETE takes (PostgreSQL manual, table 13.2).
SHUT = """
select c.relname::text from pg_locks l join pg_class c on c.oid = l.relation
where l.pid = pg_backend_pid() and l.granted and c.relname = any (%s) and c.relnamespace = 'public'::regnamespace
  and l.mode in ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
"""
READ = "select relname::text, seq_tup_read + coalesce(idx_tup_fetch, 0) from pg_stat_xact_user_tables where relname = any (%s)"
FILES = "select relname::text, pg_relation_filenode(oid) from pg_class where relname = any (%s) and relkind = 'r'"
SAFE = [
    "column added nullable",
    "column added with constant",
    "column added with now()",
    "column added with volatile default",
    "column widened",
    "column retyped",
    "column made not null",
    "primary key altered",
    "check added",
    "check altered",
    "unique added",
    "foreign key added",
    "foreign key altered",
    "index added",
    "index altered",
    "index dropped",
    "policy using altered",
    "policy command altered",
    "trigger added",
    "owned table added",
]
OPEN = tuple(f"create policy traffic on {name} to current_user using (true)" for name in ("users", "tasks"))
PLAIN = {
    "not null": "alter table users alter email set not null",
    "check": "alter table users add constraint c check (age >= 0)",
    "foreign key": "alter table users no force row level security; alter table users add foreign key (age) references plain (id)",
    "unique": "alter table users add unique (email)",
    "type": "alter table users alter age type bigint",
    "volatile default": "alter table users add column token uuid default gen_random_uuid()",
    "index": "create index slow on users (email)",
}
FILL = (
    *(f"alter table {name} no force row level security" for name in ("users", "tasks", "notes")),
    "insert into users (id, name, age, email) select 'u' || n, n, n % 90, n || '@x' from generate_series(1, 50) n",
    "insert into tasks (user_id, id, title) select 'u1', 't' || n, n::text from generate_series(1, 50) n",
    "insert into notes (user_id, id, task_id) select 'u1', 'n' || n, 't' || n from generate_series(1, 50) n",
    "insert into plain select n, 'u' || n from generate_series(1, 50) n",
    *(f"alter table {name} force row level security" for name in ("users", "tasks", "notes")),
)


@pytest.fixture(scope="module")
def filled(origin: Origin, clone: Callable[[str], contextlib.AbstractContextManager[str]]) -> Iterator[Connection]:
    """A database with rows in every table, as its owner."""
    with clone(origin.database) as dsn, connect(dsn) as connection:
        for statement in FILL:
            connection.execute(statement.encode())
        connection.execute(b"set check_function_bodies = off")
        yield connection


def _problems(connection: Connection, statements: Sequence[str]) -> list[str]:
    """What the statements, in the transaction at hand, keep writers from and read, or write anew."""
    before, seen = (dict(connection.execute(query, (OLD,)).fetchall()) for query in (FILES, READ))
    for statement in statements:
        connection.execute(statement.encode())
    shut = connection.execute(SHUT, (OLD,)).fetchall()
    rows = dict(connection.execute(READ, (OLD,)).fetchall())
    read = sorted(str(name) for name in rows if rows[name] != seen[name])
    after = dict(connection.execute(FILES, (OLD,)).fetchall())
    rewritten = sorted(str(name) for name in after if after[name] != before[name])
    return [*(f"{name} is read while shut" for name in read if shut), *(f"{name} is rewritten" for name in rewritten)]


def _run(connection: Connection, script: Script) -> list[str]:
    found: list[str] = []
    for unit in script.units:
        if unit.transactional:
            with connection.transaction():
                found += _problems(connection, unit.statements)
        else:
            connection.execute(unit.statements[0].encode())
    return found


@pytest.mark.parametrize("name", [*SAFE, "twelve units"])
def test_what_shuts_a_table_does_not_read_it(name: str, workshop: Workshop, filled: Connection) -> None:
    """In every transaction of every safe form; what reads a table through runs beside its writers."""
    before = workshop.history.facts
    assert before is not None
    desired = workshop.bare.try_out((*BASE, *CASES.get(name, TWELVE)))
    permission = Permission(sign_off="tested")
    planned, moved = planned_between(workshop.proving, before, desired, (), permission)
    up, down = drafted(planned, "live", workshop.history, desired, workshop.bare.major, moved, permission)
    try:
        assert _run(filled, up) == []
    finally:
        _run(filled, down)


@pytest.mark.parametrize("statement", PLAIN.values(), ids=PLAIN.keys())
def test_the_plain_form_would_be_seen(statement: str, filled: Connection) -> None:
    """The control: each reads or rewrites the table while nobody can write to it."""
    with filled.transaction(force_rollback=True):
        assert _problems(filled, [statement]) != []


@dataclass
class Traffic:
    """Reads and writes by several sessions; one that waits for a lock longer than ``patience`` seconds has failed."""

    dsn: str
    patience: float
    statements: int = 0
    longest: float = 0.0
    blocked: list[str] = field(default_factory=list[str])
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextlib.contextmanager
    def flowing(self) -> Iterator[None]:
        """Runs for as long as the context lasts."""
        threads = [threading.Thread(target=self._work, args=(number,)) for number in range(1, 4)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def _work(self, worker: int) -> None:
        with connect(self.dsn) as connection:
            connection.execute(f"set lock_timeout = '{int(self.patience * 1000)}ms'".encode())
            number = 0
            while not self._stop.is_set():
                number += 1
                for statement in (
                    f"insert into plain (id, payload) values ({worker}{number:06}, 'u1')",
                    f"update plain set payload = 'u2' where id = {worker}{number:06}",
                    "select count(*) from plain where payload = 'u3'",
                    f"update users set email = 'w{worker}' || id where id = 'u{worker + 1}'",
                    f"insert into tasks (user_id, id, title) values ('u1', 'w{worker}{number}', 'w{worker}{number}')",
                    "select title from tasks where user_id = 'u1' and id = 't1'",
                ):
                    self._one(connection, statement)

    def _one(self, connection: Connection, statement: str) -> None:
        began = time.perf_counter()
        try:
            with translated():
                connection.execute(statement.encode())
        except LockTimeoutError:
            self.blocked.append(statement)
        self.longest = max(self.longest, time.perf_counter() - began)
        self.statements += 1


@pytest.mark.slow
def test_traffic_goes_on_while_everything_changes(
    target: Target, record_testsuite_property: Callable[[str, object], None]
) -> None:
    """Twelve units and a wider key under load: no statement waits long for a lock, and each has its answer.

    The limit leaves room for a machine that is busy with other tests; what was measured is in the report.
    """
    target.run(*FILL, *OPEN)
    target.generate(*TWELVE, "alter table plain alter id type bigint")
    traffic = Traffic(target.dsn, patience=1.5)
    with traffic.flowing():
        migrate(target.dsn, target.directory, Options(verify=False))
    assert traffic.blocked == []
    assert traffic.statements > 20
    record_testsuite_property("longest statement in ms", round(traffic.longest * 1000))


@pytest.mark.slow
def test_traffic_that_is_held_up_would_be_seen(target: Target) -> None:
    """The control: one transaction that shuts a table and thinks."""
    target.run(*FILL, *OPEN)
    traffic = Traffic(target.dsn, patience=0.1)
    with traffic.flowing(), target.connect() as slow, slow.transaction():
        slow.execute("lock table plain in access exclusive mode")
        deadline = time.monotonic() + 20
        while not traffic.blocked and time.monotonic() < deadline:
            time.sleep(0.05)
    assert traffic.blocked
