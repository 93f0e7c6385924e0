"""One throw-away server for all workers, a history of one revision, and a clone of a database at that revision."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from freehold.catalog import Snapshot, read
from freehold.migrations import migrate
from freehold.migrations.generate import (
    Generated,
    Permission,
    back_of,
    drafted,
    generate,
    planned_between,
    replay,
)
from freehold.migrations.history import History, load
from freehold.migrations.prove import prove
from freehold.migrations.revision import write
from freehold.migrations.shadow import Cluster, Shadow
from freehold.server import bootstrap, create_database, drop_database
from freehold.wire import Connection, connect
from tests import servers
from tests.cluster import run_directory
from tests.servers import Server

APP = "shop"
LOGINS = (APP, f"{APP}_service", f"{APP}_owner")

CALLER = "(select auth.jwt() ->> 'sub')"


def owned(table: str, owner: str = "user_id") -> tuple[str, ...]:
    """What makes a table an owned one: row security, four policies, grants."""
    mine = f"{owner} = {CALLER}"
    rules = {
        "select": f"using ({mine})",
        "insert": f"with check ({mine})",
        "update": f"using ({mine}) with check ({mine})",
        "delete": f"using ({mine})",
    }
    return (
        f"revoke all on {table} from public, anon, authenticated, service_role",
        f"alter table {table} enable row level security",
        f"alter table {table} force row level security",
        *(f"create policy {table}_{c} on {table} for {c} to authenticated {rule}" for c, rule in rules.items()),
        f"grant select, delete on {table} to authenticated",
    )


BASE = (
    "create schema extra",
    "create type mood as enum ('sad', 'glad')",
    "create sequence tickets start 10",
    "create function double(n integer) returns integer language sql as 'select 2 * n'",
    "create table users (id text primary key, name varchar(10), age integer, email text)",
    """create table tasks (
        user_id text not null references users (id) on delete cascade,
        id text not null,
        title text not null default '',
        status text not null default 'pending' constraint tasks_status check (status in ('pending', 'done')),
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now(),
        deleted_at timestamptz,
        primary key (user_id, id),
        constraint tasks_title unique (user_id, title)
    )""",
    """create table notes (
        user_id text not null,
        id text not null,
        task_id text not null,
        body text,
        primary key (user_id, id),
        constraint notes_task foreign key (user_id, task_id) references tasks (user_id, id) on delete cascade
    )""",
    "create table plain (id integer primary key, payload text)",
    "create domain score as integer default 0 constraint score_low check (value >= 0)",
    "create table logs (id integer not null, body text, primary key (id)) partition by range (id)",
    "create table logs_1 partition of logs for values from (0) to (10)",
    "create index tasks_created on tasks (user_id, created_at desc) where deleted_at is null",
    "create trigger tasks_updated_at before update on tasks for each row execute function freehold.set_updated_at()",
    *owned("users", "id"),
    *owned("tasks"),
    *owned("notes"),
    "grant insert (user_id, id, title), update (title, status) on tasks to authenticated",
    "grant update on notes to authenticated",
    "grant update (body) on notes to authenticated",
    "create view done with (security_invoker = true) as select user_id, id, title from tasks where status = 'done'",
    "grant select on done to authenticated",
    "comment on view done is 'finished'",
    "comment on table tasks is 'work'",
    "alter default privileges in schema extra grant select on tables to service_role",
)


@pytest.fixture(scope="session")
def server(pytestconfig: pytest.Config) -> Iterator[Server]:
    """One server, which all workers share."""
    found = servers.server(run_directory(pytestconfig), "migrations")
    yield found
    found.stop()


@pytest.fixture(scope="session")
def cluster(server: Server) -> Cluster:
    """Where shadows are made."""
    return Cluster(server.admin_dsn, APP)


_numbers = itertools.count()


@dataclass(frozen=True)
class Target:
    """A bootstrapped database and a history; ``dsn`` is the owner's, who is no superuser."""

    dsn: str
    directory: Path
    cluster: Cluster

    def generate(self, *statements: str, message: str = "change", allow_drop: bool = False) -> Generated | None:
        """A revision to BASE and ``statements``."""
        permission = Permission(drop=allow_drop, blocking=allow_drop, sign_off="tested")
        return generate((*BASE, *statements), self.directory, message, self.cluster, permission=permission)

    def shadows(self) -> contextlib.AbstractContextManager[Cluster]:
        """The cluster, as what starts one gives it."""
        return contextlib.nullcontext(self.cluster)

    def facts(self) -> Snapshot:
        """What the database is now."""
        with connect(self.dsn) as connection:
            return read(connection, owner=f"{APP}_owner")

    def connect(self) -> Connection:
        """A connection as the owner."""
        return connect(self.dsn)

    def run(self, *statements: str) -> None:
        """Runs SQL as the owner."""
        with connect(self.dsn) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def rows(self, query: str) -> Sequence[tuple[object, ...]]:
        """The rows of a query as the owner."""
        with connect(self.dsn) as connection:
            return connection.execute(query.encode()).fetchall()


@dataclass(frozen=True)
class Origin:
    """A database at the first revision, to be cloned, and the history that made it."""

    database: str
    directory: Path


@pytest.fixture(scope="session")
def origin(server: Server, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Origin]:
    """The first revision, generated and applied once for all tests of a worker."""
    directory = tmp_path_factory.mktemp("origin")
    name = f"origin_{os.getpid()}"
    with connect(server.admin_dsn()) as admin:
        create_database(admin, name)
        with connect(server.admin_dsn(name)) as connection:
            bootstrap(connection, APP, {role: server.password(role) for role in LOGINS})
        assert generate(BASE, directory, "base", cluster)
        migrate(server.dsn(f"{APP}_owner", name), directory)
        yield Origin(name, directory)
        drop_database(admin, name)


@pytest.fixture
def make(server: Server, cluster: Cluster, tmp_path: Path) -> Iterator[Callable[[Origin | None], Target]]:
    """Makes targets: clones of an origin, or bootstrapped databases without a history."""
    made: list[str] = []
    with connect(server.admin_dsn()) as admin:

        def target(origin: Origin | None) -> Target:
            name = f"target_{os.getpid()}_{next(_numbers)}"
            create_database(admin, name, origin.database if origin else None)
            made.append(name)
            directory = tmp_path / name
            if origin:
                shutil.copytree(origin.directory, directory)
            else:
                with connect(server.admin_dsn(name)) as connection:
                    bootstrap(connection, APP, {role: server.password(role) for role in LOGINS})
            return Target(server.dsn(f"{APP}_owner", name), directory, cluster)

        yield target
        for name in made:
            drop_database(admin, name)


@pytest.fixture(scope="session")
def clone(server: Server) -> Callable[[str], contextlib.AbstractContextManager[str]]:
    """Gives the owner's DSN of a copy of a database, for as long as a context lasts."""

    @contextlib.contextmanager
    def copied(template: str) -> Iterator[str]:
        name = f"clone_{os.getpid()}_{next(_numbers)}"
        with connect(server.admin_dsn()) as admin:
            create_database(admin, name, template)
            try:
                yield server.dsn(f"{APP}_owner", name)
            finally:
                drop_database(admin, name)

    return copied


@pytest.fixture
def server_admin(server: Server) -> Callable[[Target, str], None]:
    """Breaks a target's catalog as its superuser: never to test, only to make what a crash leaves."""

    def run(target: Target, statement: str) -> None:
        with target.connect() as owner, connect(server.admin_dsn(owner.info.dbname)) as admin:
            admin.execute(statement.encode())

    return run


@pytest.fixture
def target(make: Callable[[Origin | None], Target], origin: Origin) -> Target:
    """A database at the first revision."""
    return make(origin)


@pytest.fixture(scope="session")
def revisited(server: Server, cluster: Cluster, origin: Origin) -> Iterator[Callable[[Path], Target]]:
    """Gives one database at the first revision to one test after another; each leaves it as it was."""
    name = f"revisited_{os.getpid()}"
    with connect(server.admin_dsn()) as admin:

        def take(directory: Path) -> Target:
            target = Target(server.dsn(f"{APP}_owner", name), directory, cluster)
            shutil.copytree(origin.directory, directory, dirs_exist_ok=True)
            present = admin.execute("select 1 from pg_database where datname = %s", (name,)).fetchone()
            if not present or target.facts() != load(directory).facts:
                drop_database(admin, name)
                create_database(admin, name, origin.database)
            return target

        yield take
        drop_database(admin, name)


@dataclass(frozen=True)
class Workshop:
    """What `generate` does, in databases that serve one test after another: making them is most of its time."""

    bare: Shadow
    proving: Shadow
    history: History

    def generate(self, directory: Path, *statements: str, permission: Permission) -> str:
        """Writes a proven revision to BASE and ``statements``; returns its id."""
        before = self.history.facts
        assert before is not None
        desired = self.bare.try_out((*BASE, *statements))
        planned, moved = planned_between(self.proving, before, desired, (), permission)
        up, down = drafted(planned, "change", self.history, desired, self.bare.major, moved, permission)
        try:
            prove(self.proving, up, down, back_of(before, planned), desired)
            write(directory, "change", up, down, desired)
        finally:
            if self.proving.facts() != before:
                self.proving.apply(down)
        return up.revision


@pytest.fixture(scope="session")
def workshop(cluster: Cluster, origin: Origin) -> Iterator[Workshop]:
    """A shadow with nothing, and one at the first revision."""
    history = load(origin.directory)
    with cluster.database() as bare, cluster.database() as proving:
        replay(proving, history)
        yield Workshop(bare, proving, history)


@pytest.fixture
def empty(make: Callable[[Origin | None], Target]) -> Target:
    """A bootstrapped database without a history."""
    return make(None)
