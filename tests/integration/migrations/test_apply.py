"""Applying: once, in order, resumable; every failure is typed, kept in the ledger and leaves nothing half-done."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from freehold.catalog import diff
from freehold.errors import Code, ConnectionLostError, MigrationError
from freehold.migrations import Options, Patience, Progress, accept, apply, migrate, rollback, status
from freehold.migrations.history import load
from freehold.migrations.lock import exclusive
from freehold.server import EmbeddedServer, create_database, drop_database
from freehold.wire import Connection, connect
from tests.integration.migrations.conftest import APP, Target, owned

MIGRATE = """
import pathlib, sys
from freehold.migrations import migrate
print(*migrate(sys.argv[1], pathlib.Path(sys.argv[2])).revisions)
"""
COLUMN = "alter table tasks add column note text"


def _files(target: Target, ending: str) -> list[Path]:
    return sorted((target.directory / "versions").glob(f"*{ending}"))


def _newest(target: Target, word: str) -> Path:
    return next(path for path in _files(target, ".up.sql") if word in path.name)


def test_status_says_what_is_pending(target: Target) -> None:
    """Before and after; at head there is nothing to do."""
    assert status(target.dsn, target.directory).at_head
    target.generate(COLUMN)
    found = status(target.dsn, target.directory)
    assert (len(found.applied), len(found.pending), found.at_head) == (1, 1, False)
    migrate(target.dsn, target.directory)
    assert status(target.dsn, target.directory).at_head


def test_an_empty_database_gets_the_whole_history(target: Target, empty: Target) -> None:
    """Both revisions, in order, with progress for every statement."""
    target.generate(COLUMN)
    seen: list[Progress] = []
    applied = migrate(empty.dsn, target.directory, Options(verify=True), seen.append)
    assert len(applied.revisions) == 2
    assert applied.head == applied.revisions[-1]
    assert [p.done for p in seen if p.subject.endswith("change")] == [0, 1]


def test_at_head_it_is_one_round_trip_and_waits_for_nothing(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another migration holding the lock does not matter then."""
    trips: list[int] = []

    def counted(dsn: str) -> Connection:
        connection = connect(dsn)
        run = connection.execute

        def execute(*arguments: object, **options: object) -> object:
            trips.append(1)
            return run(*arguments, **options)  # type: ignore[arg-type]

        monkeypatch.setattr(connection, "execute", execute)
        return connection

    monkeypatch.setattr(apply, "connect", counted)
    with target.connect() as other, exclusive(other, 0):
        assert migrate(target.dsn, target.directory, Options(wait=0)).revisions == ()
    assert len(trips) == 1


def test_applying_does_not_load_alembic() -> None:
    """Starting at head stays cheap."""
    script = "import sys, freehold.migrations; print('alembic' in sys.modules, 'sqlalchemy' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert result.stdout.split() == ["False", "False"]


@pytest.mark.slow
def test_processes_that_migrate_at_once_apply_once(target: Target, empty: Target) -> None:
    """Ten start together: each unit is run once, whoever runs it, and the others find it done."""
    target.generate(COLUMN)
    command = [sys.executable, "-c", MIGRATE, empty.dsn, str(target.directory)]
    pipe = subprocess.PIPE
    running = [subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) for _ in range(10)]
    results = [process.communicate(timeout=120) for process in running]
    assert [process.returncode for process in running] == [0] * 10, results
    assert sorted(len(out.split()) for out, _ in results) == [0] * 9 + [2]
    assert empty.rows("select count(*) from freehold.ledger where finished_at is not null") == [(2,)]


def test_a_failing_statement_leaves_its_reason_and_nothing_else(target: Target) -> None:
    """The units before it are done, the ledger keeps why; the cause removed, a rerun goes on from there."""
    target.run("alter table users no force row level security", "insert into users (id, age) values ('a', 200)")
    target.run("alter table users force row level security")
    target.generate(COLUMN, "alter table users add constraint users_age check (age < 150)")
    before = target.facts()
    with pytest.raises(MigrationError) as failed:
        migrate(target.dsn, target.directory)
    error = failed.value
    assert error.code == Code.APPLY_FAILED
    assert "Statement 1 of 1 in unit 2" in error.message
    assert "23514" in error.message
    assert "users_age" in (error.detail or "")
    assert "freehold migrate" in (error.hint or "")
    done = ("add column public.tasks.note", "add constraint public.users.users_age")
    assert tuple(map(str, diff(before, target.facts()))) == done
    failure = status(target.dsn, target.directory).failed[0]
    assert "statement 1: SQLSTATE 23514" in (failure.error or "")
    target.run("set role none", "alter table users no force row level security", "delete from users")
    target.run("alter table users force row level security")
    assert migrate(target.dsn, target.directory, Options(verify=True)).revisions
    assert status(target.dsn, target.directory).at_head


def test_a_killed_session_leaves_nothing_and_is_resumed(target: Target) -> None:
    """The server ends the session in the middle of a unit; the next run applies it whole."""
    ends_itself = "create function ended() returns integer language sql as 'select 1'"
    target.generate(COLUMN, ends_itself, "alter table notes add column extra text")
    before = target.facts()
    path = _newest(target, "change")
    text = path.read_text()
    kill = "-- freehold: statement\nselect pg_terminate_backend(pg_backend_pid());\n"
    path.write_text(f"{text}\n{kill}")
    accept(target.directory)
    with pytest.raises(ConnectionLostError) as lost:
        migrate(target.dsn, target.directory)
    assert "freehold migrate" in (lost.value.hint or "")
    assert target.facts() == before
    path.write_text(text)
    accept(target.directory)
    assert len(migrate(target.dsn, target.directory).revisions) == 1


def test_an_unknown_revision_means_another_database(target: Target) -> None:
    """The database is ahead of the code, or somebody else's."""
    target.run("insert into freehold.ledger values ('abc123', 1, 'x', now(), now(), null)")
    with pytest.raises(MigrationError, match="abc123") as foreign:
        migrate(target.dsn, target.directory)
    assert foreign.value.code == Code.DATABASE_FOREIGN
    assert status(target.dsn, target.directory).unknown == ("abc123",)


def test_a_busy_lock_names_its_holder(target: Target) -> None:
    """After the time it was given; the hint says how to end the holder."""
    target.generate(COLUMN)
    with target.connect() as other:
        other.execute("set application_name = 'deploy 7'")
        with exclusive(other, 0), pytest.raises(MigrationError, match="deploy 7") as busy:
            migrate(target.dsn, target.directory, Options(wait=0.2))
        assert busy.value.code == Code.LOCK_BUSY
        assert str(other.info.backend_pid) in busy.value.message
    assert migrate(target.dsn, target.directory).revisions


def test_a_table_lock_that_never_comes_is_tried_again_and_told(target: Target) -> None:
    """lock_timeout ends each attempt; nothing is kept, and later it works."""
    target.generate(COLUMN)
    options = Options(patience=Patience(lock_timeout=0.6, attempts=2))
    with target.connect() as other, other.transaction():
        other.execute("lock table tasks in access share mode")
        with pytest.raises(MigrationError, match="55P03") as failed:
            migrate(target.dsn, target.directory, options)
        assert failed.value.code == Code.UNIT_BLOCKED
        assert f"process {other.info.backend_pid} (" in (failed.value.detail or "")
        assert f"pg_terminate_backend({other.info.backend_pid})" in (failed.value.hint or "")
    assert migrate(target.dsn, target.directory, options).revisions


@pytest.mark.slow
def test_a_table_that_is_kept_shut_does_not_keep_the_comparison_waiting(target: Target) -> None:
    """Printing a constraint locks its table: without a limit migrate would wait, silently, for as long as the other does."""
    target.generate(COLUMN)
    impatient = make_conninfo(target.dsn, options="-c statement_timeout=30s")
    with target.connect() as other, other.transaction():
        other.execute("lock table tasks in access exclusive mode")
        with pytest.raises(MigrationError, match="catalog") as blocked:
            migrate(impatient, target.directory)
        assert blocked.value.code == Code.UNIT_BLOCKED
        assert f"pg_terminate_backend({other.info.backend_pid})" in (blocked.value.hint or "")
    assert migrate(target.dsn, target.directory).revisions


def test_rows_that_do_not_fulfil_a_constraint_are_corrected_as_the_service(target: Target) -> None:
    """The owner cannot: row security, which is forced, hides them from it."""
    target.run("insert into plain values (1, null)")
    target.generate("alter table plain alter column payload set not null")
    with pytest.raises(MigrationError, match="23514") as failed:
        migrate(target.dsn, target.directory)
    assert "SERVICE_DATABASE_URL" in (failed.value.hint or "")
    target.run("update plain set payload = 'filled'")
    assert migrate(target.dsn, target.directory).revisions


def test_a_vacuum_of_the_ledger_is_in_nobodys_way(target: Target) -> None:
    """The ledger that is there is not made again: what a vacuum locks is not asked for, so no two can wait for each other."""
    target.generate(COLUMN)
    impatient = make_conninfo(target.dsn, options="-c lock_timeout=1s")
    with target.connect() as vacuum, vacuum.transaction():
        vacuum.execute("lock table freehold.ledger, freehold.facts in share update exclusive mode")
        assert migrate(impatient, target.directory).revisions


def test_a_unit_begun_outside_a_transaction_and_not_finished_is_told(target: Target) -> None:
    """Nobody can know what took effect; both ways out are in the hint, and the first one works."""
    target.generate(COLUMN, "alter table notes add column extra text")
    path = _newest(target, "change")
    path.write_text(path.read_text().replace("unit transaction", "unit autocommit"))
    accept(target.directory)
    options = Options(verify=False)
    target.run("alter table notes add column note text", "alter table notes add column extra text")
    with pytest.raises(MigrationError) as failed:
        migrate(target.dsn, target.directory, options)
    assert failed.value.code == Code.APPLY_FAILED
    with pytest.raises(MigrationError) as half:
        migrate(target.dsn, target.directory, options)
    assert half.value.code == Code.REVISION_HALF_APPLIED
    found = re.search(r"DELETE FROM freehold.ledger .*?;", half.value.hint or "")
    assert found
    target.run("alter table notes drop column extra", "alter table notes drop column note")
    target.run("alter table tasks drop column if exists note", found[0])
    assert migrate(target.dsn, target.directory, options).revisions
    assert status(target.dsn, target.directory).at_head


def test_an_edited_file_is_refused_until_accepted(target: Target) -> None:
    """The file is named with both ways out; nothing is run."""
    target.generate(COLUMN)
    path = _newest(target, "change")
    path.write_text(path.read_text().replace('"note" text', '"note" jsonb'))
    with pytest.raises(MigrationError, match=re.escape(path.name)) as edited:
        migrate(target.dsn, target.directory)
    assert edited.value.code == Code.HISTORY_EDITED
    assert "git checkout" in (edited.value.hint or "")
    assert "repair" in (edited.value.hint or "")
    accept(target.directory)
    assert migrate(target.dsn, target.directory).revisions


def test_a_revision_changed_after_it_was_applied_is_refused(target: Target) -> None:
    """Accepting the file does not make the database have it."""
    path = _newest(target, "base")
    path.write_text(path.read_text().replace("tickets", "coupons"))
    accept(target.directory)
    with pytest.raises(MigrationError, match="after this database got it") as edited:
        migrate(target.dsn, target.directory)
    assert edited.value.code == Code.HISTORY_EDITED


def test_without_a_revision_there_is_nothing_to_accept(tmp_path: Path) -> None:
    """In the wrong folder: told, and nothing is written there."""
    with pytest.raises(MigrationError, match="no revisions") as nothing:
        accept(tmp_path / "migrations")
    assert nothing.value.code == Code.REVISION_MISSING
    assert list(tmp_path.iterdir()) == []


def test_verifying_finds_what_was_changed_by_hand(target: Target) -> None:
    """A policy weakened by hand, by one pair of parentheses, is named."""
    target.generate("create policy p on tasks for select to anon using (title = 'a' and (status = 'b' or id = 'c'))")
    migrate(target.dsn, target.directory, Options(verify=True))
    target.run("alter policy p on tasks using ((title = 'a' and status = 'b') or id = 'c')")
    with pytest.raises(MigrationError) as drift:
        migrate(target.dsn, target.directory, Options(verify=True))
    assert drift.value.code == Code.FACTS_DIFFER
    assert "alter policy public.tasks.p (using)" in (drift.value.detail or "")


def test_going_back_below_the_first_revision_ends(target: Target) -> None:
    """One revision at a time; then there is nothing to undo."""
    assert rollback(target.dsn, target.directory)
    assert rollback(target.dsn, target.directory) is None
    assert target.rows("select count(*) from pg_tables where schemaname = 'public'") == [(0,)]


def test_a_failed_rollback_leaves_the_revision_applied(target: Target) -> None:
    """What depends on it by hand stands in the way; the ledger still says that it is there."""
    target.run("create view mine as select * from plain")
    with pytest.raises(MigrationError) as failed:
        rollback(target.dsn, target.directory)
    assert failed.value.code == Code.APPLY_FAILED
    assert status(target.dsn, target.directory).at_head


def test_a_database_that_nobody_prepared_is_told_the_command(target: Target, server: EmbeddedServer) -> None:
    """Not SQLSTATE 3F000 and a manual; and the application's login, in the owner's place, is told as such."""
    name, login = f"{target.dsn.rpartition('/')[2].partition('?')[0]}_bare", f"{APP}_owner"
    with connect(server.admin_dsn()) as admin:
        create_database(admin, name)
        try:
            with pytest.raises(MigrationError, match="not prepared") as bare:
                migrate(server.dsn(login, name), target.directory)
            assert (bare.value.code, "freehold bootstrap" in (bare.value.hint or "")) == (
                Code.DATABASE_UNPREPARED,
                True,
            )
        finally:
            drop_database(admin, name)
    with connect(target.dsn) as owner, pytest.raises(MigrationError, match=f"^FH425: {APP} may not") as other:
        migrate(server.dsn(APP, owner.info.dbname), target.directory)
    assert "OWNER_DATABASE_URL" in (other.value.hint or "")


def test_callers_cannot_read_the_ledger(target: Target) -> None:
    """It is the owner's alone; control: the owner reads it."""
    rows = target.rows(
        "select r, has_table_privilege(r, 'freehold.ledger', 'select') from unnest("
        "array['anon', 'authenticated', 'service_role', 'shop', 'shop_owner']) as r"
    )
    assert [role for role, allowed in rows if allowed] == ["shop_owner"]


def test_the_login_that_migrates_is_no_superuser(target: Target) -> None:
    """So that nothing here passes by a privilege that a deployment lacks."""
    assert target.rows("select rolsuper or rolbypassrls from pg_roles where rolname = current_user") == [(False,)]


def test_an_open_moment_never_exists(empty: Target) -> None:
    """Looked at after every statement, from within: no table has a grant and no forced row security."""
    empty.generate(*owned("plain", "payload"))
    seen = _exposures(empty)
    assert seen == []


def test_an_open_moment_would_be_seen(empty: Target) -> None:
    """The control: the same look finds it when the grant is moved before the row security."""
    empty.generate(*owned("plain", "payload"))
    path = _newest(empty, "change")
    text = path.read_text()
    head, *statements = text.split("-- freehold: statement\n")
    grants = [s for s in statements if s.startswith("GRANT") and '"plain"' in s]
    tables = [s for s in statements if s.startswith(("CREATE SCHEMA", "CREATE TYPE", "CREATE SEQ", "CREATE TABLE"))]
    rest = [s for s in statements if s not in grants and s not in tables]
    path.write_text("-- freehold: statement\n".join([head, *tables, *grants, *rest]))
    accept(empty.directory)
    assert _exposures(empty) != []


def _exposures(target: Target) -> list[object]:
    """Runs the newest script statement by statement in one transaction, and looks after each."""
    look = """
        select c.oid::regclass::text from pg_class c cross join lateral aclexplode(c.relacl) a
        where c.relkind = 'r' and a.grantee <> c.relowner and c.relnamespace = 'public'::regnamespace
          and not (c.relrowsecurity and c.relforcerowsecurity)
    """
    seen: list[object] = []
    with target.connect() as connection, connection.transaction(force_rollback=True):
        connection.execute("set local check_function_bodies = off")
        for statement in load(target.directory).revisions[-1].up.statements:
            connection.execute(statement.encode())
            seen += connection.execute(look.encode()).fetchall()
    return seen
