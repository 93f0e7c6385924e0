"""Taking over databases that Drizzle, Alembic and Supabase made: recorded and not run, their bookkeeping left alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from freehold.catalog import apart, diff, read
from freehold.errors import Code, MigrationError
from freehold.migrations import Options, migrate, rollback, status
from freehold.migrations.adopt import Adopted, adopt, give_ownership
from freehold.migrations.generate import Generated, Permission, generate
from freehold.pull import pull
from freehold.wire import connect
from tests.integration.migrations.conftest import APP, BASE, Origin, Target
from tests.integration.migrations.existing import DRIZZLE, SUPABASE
from tests.integration.migrations.test_pull import statements
from tests.servers import Server

OWNER = f"{APP}_owner"
COUNT = "select (select count(*) from users), (select count(*) from tasks)"


def _taken(target: Target) -> Adopted:
    return adopt(target.dsn, target.directory, target.cluster)


def _models(target: Target, directory: Path) -> list[str]:
    with target.connect() as connection:
        return statements(pull(read(connection, owner=OWNER), "x").source, directory)


def _generate(target: Target, ddl: list[str], *, drop: bool = False) -> Generated | None:
    permission = Permission(drop=drop, sign_off="taken over")
    return generate(ddl, target.directory, "guard", target.cluster, permission=permission)


def _admin(server: Server, target: Target) -> str:
    with target.connect() as connection:
        return server.admin_dsn(connection.info.dbname)


def _alembic(connection: Any) -> None:
    """A database as a first Alembic revision makes it, by Alembic itself."""
    context = MigrationContext.configure(connection)
    op = Operations(context)
    op.create_table(
        "account",
        sqlalchemy.Column("id", sqlalchemy.Integer, primary_key=True),
        sqlalchemy.Column("email", sqlalchemy.String(120), nullable=False, unique=True),
        sqlalchemy.Column("plan", sqlalchemy.Enum("free", "pro", name="plan"), nullable=False, server_default="free"),
        sqlalchemy.Column("balance", sqlalchemy.Numeric(10, 2)),
        sqlalchemy.Column("created_at", sqlalchemy.DateTime, server_default=sqlalchemy.func.now()),
    )
    op.create_table(
        "invoice",
        sqlalchemy.Column("id", sqlalchemy.Uuid, primary_key=True, server_default=sqlalchemy.text("gen_random_uuid()")),
        sqlalchemy.Column("account_id", sqlalchemy.Integer, sqlalchemy.ForeignKey("account.id"), nullable=False),
        sqlalchemy.Column("tags", sqlalchemy.ARRAY(sqlalchemy.Text), server_default="{}"),
        sqlalchemy.Column("total", sqlalchemy.Integer, sqlalchemy.CheckConstraint("total >= 0"), nullable=False),
    )
    op.create_index("ix_invoice_account_id", "invoice", ["account_id"])
    context._ensure_version_table()
    connection.execute(sqlalchemy.text("insert into alembic_version values ('ae1027a6acf')"))


def test_drizzle_from_baseline_to_guarded_tables(empty: Target, tmp_path: Path) -> None:
    """The whole way: pull, baseline, generate, migrate. The rows stay; the tables are guarded; Drizzle's own stays."""
    empty.run(*DRIZZLE)
    taken = _taken(empty)
    assert taken.tools == ("Drizzle",)
    assert len(taken.recorded) == 1
    assert status(empty.dsn, empty.directory).at_head
    made = _generate(empty, _models(empty, tmp_path))
    assert made
    assert made.weakened == ()
    migrate(empty.dsn, empty.directory, Options(verify=True))
    guarded = "select bool_and(relrowsecurity and relforcerowsecurity) from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'"
    assert empty.rows(guarded) == [(True,)]
    assert empty.rows("select hash from drizzle.__drizzle_migrations") == [("0b5c",)]
    empty.run("alter table users no force row level security", "alter table tasks no force row level security")
    assert empty.rows(COUNT) == [(1, 1)]


def test_a_baseline_runs_nothing(empty: Target) -> None:
    """Every fact and every row is as before, but for the ledger; and it is not forgotten by going on from it."""
    empty.run(*DRIZZLE)
    before, rows = empty.facts(), empty.rows(COUNT)
    _taken(empty)
    assert empty.facts() == before
    assert empty.rows(COUNT) == rows
    assert migrate(empty.dsn, empty.directory, Options(verify=True)).revisions == ()


def test_the_baseline_makes_an_empty_database_like_it(make: Callable[[Origin | None], Target]) -> None:
    """So that CI and new developers start from the same tables; and it can be undone there."""
    old, new = make(None), make(None)
    old.run(*DRIZZLE)
    _taken(old)
    migrate(new.dsn, old.directory, Options(verify=True))
    assert diff(apart(old.facts()).own, apart(new.facts()).own) == ()
    assert rollback(new.dsn, old.directory)
    assert new.rows("select count(*) from pg_tables where schemaname = 'public'") == [(0,)]


def test_the_next_database_finds_its_place(make: Callable[[Origin | None], Target], tmp_path: Path) -> None:
    """Production is at the baseline while the history has gone on: only the baseline is recorded there."""
    first, second = make(None), make(None)
    for target in (first, second):
        target.run(*DRIZZLE)
    baseline = _taken(first)
    assert _generate(first, _models(first, tmp_path))
    taken = adopt(second.dsn, first.directory, second.cluster)
    assert (taken.recorded, taken.files) == (baseline.recorded, ())
    assert len(status(second.dsn, first.directory).pending) == 1
    assert len(migrate(second.dsn, first.directory, Options(verify=True)).revisions) == 1


def test_a_database_that_is_like_no_revision_is_told_the_differences(target: Target, empty: Target) -> None:
    """Nothing is recorded, and the fact is named."""
    empty.run(*BASE, "alter table tasks add column extra text")
    with pytest.raises(MigrationError) as differs:
        adopt(empty.dsn, target.directory, target.cluster)
    assert differs.value.code == Code.BASELINE_DIFFERS
    assert "add column public.tasks.extra" in (differs.value.detail or "")
    assert empty.rows("select to_regclass('freehold.ledger') is null") == [(True,)]
    empty.run("alter table tasks drop column extra")
    assert adopt(empty.dsn, target.directory, target.cluster).recorded


def test_a_database_with_a_ledger_is_not_taken_over(target: Target) -> None:
    """It stands in a history already."""
    with pytest.raises(MigrationError) as tracked:
        _taken(target)
    assert tracked.value.code == Code.DATABASE_TRACKED


def test_what_another_role_owns_is_given_over_first(empty: Target, server: Server) -> None:
    """The error holds the SQL; --take-ownership runs it; Drizzle's own tables stay with who has them."""
    admin = _admin(server, empty)
    with connect(admin) as connection:
        for statement in DRIZZLE:
            connection.execute(statement.encode())
        connection.execute(
            b"create type public.mood as enum ('a'); create function public.f(a int, b text) returns int language sql as 'select 1'"
        )
    with pytest.raises(MigrationError) as refused:
        _taken(empty)
    assert refused.value.code == Code.OBJECTS_NOT_OWNED
    assert f'ALTER TABLE "public"."tasks" OWNER TO "{OWNER}"' in (refused.value.hint or "")
    assert "drizzle" not in (refused.value.hint or "")
    assert give_ownership(admin, OWNER) == 6
    assert give_ownership(admin, OWNER) == 0
    assert _taken(empty).tools == ("Drizzle",)
    member = (
        f"select pg_has_role('postgres', '{OWNER}', 'MEMBER') and not rolsuper from pg_roles where rolname = 'postgres'"
    )
    assert empty.rows(member) == [(False,)]


def test_a_database_that_alembic_made(empty: Target, tmp_path: Path) -> None:
    """Its table is recognised; serial keys, enums, sizes, arrays and defaults come back as they are; both go on."""
    url = re.sub("^postgresql:", "postgresql+psycopg:", empty.dsn)
    with create_engine(url, poolclass=NullPool).begin() as connection:
        _alembic(connection)
    assert _taken(empty).tools == ("Alembic",)
    before = apart(empty.facts()).own
    ddl = _models(empty, tmp_path)
    made = _generate(empty, ddl)
    assert made
    structural = {change for change in made.changes if change.kind.value in {"column", "enum", "sequence", "index"}}
    assert structural == set()
    migrate(empty.dsn, empty.directory, Options(verify=True))
    assert empty.rows("select version_num from alembic_version") == [("ae1027a6acf",)]
    rollback(empty.dsn, empty.directory)
    assert diff(before, apart(empty.facts()).own) == ()


@pytest.fixture
def supabase(empty: Target, server: Server) -> Target:
    """A database with a host's schemas and roles, and a project of the tutorials in it, owned by the host's role."""
    with connect(_admin(server, empty)) as connection:
        for statement in SUPABASE:
            connection.execute(statement.format(owner=OWNER).encode() if "{owner}" in statement else statement.encode())
    give_ownership(_admin(server, empty), OWNER)
    return empty


def test_a_supabase_project(supabase: Target, tmp_path: Path) -> None:
    """Its schemas, its reference to auth.users and its function stay; its policies become the models'."""
    taken = _taken(supabase)
    assert taken.tools == ("Supabase",)
    assert "schema storage" in taken.left
    assert any("profiles_id_fkey" in name for name in taken.left)
    made = _generate(supabase, _models(supabase, tmp_path), drop=True)
    assert made
    migrate(supabase.dsn, supabase.directory, Options(verify=True))
    kept = """select exists (select from pg_class where relname = 'objects'), to_regproc('public.handle_new_user') is not null,
                     exists (select from pg_constraint where conname = 'profiles_id_fkey'),
                     exists (select from pg_trigger where tgname = 'on_auth_user_created')"""
    assert supabase.rows(kept) == [(True, True, True, True)]
    forced = "select bool_and(relforcerowsecurity) from pg_class where oid in ('public.profiles'::regclass, 'public.todos'::regclass)"
    assert supabase.rows(forced) == [(True,)]
    assert _generate(supabase, _models(supabase, tmp_path)) is None


def test_what_no_scratch_server_can_make_is_refused(empty: Target) -> None:
    """A baseline that is not true would fail later, in somebody else's database; nothing is written or recorded."""
    empty.run("create type pair as (a integer, b text)", "create table t (id text primary key, p pair)")
    with pytest.raises(MigrationError) as impossible:
        _taken(empty)
    assert impossible.value.code == Code.BASELINE_IMPOSSIBLE
    assert "type.public.pair" in (impossible.value.detail or "")
    assert not (empty.directory / "versions").exists()
    assert empty.rows("select to_regclass('freehold.ledger') is null") == [(True,)]
