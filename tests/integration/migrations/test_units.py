"""Units: what runs outside a transaction is made again until it is right, and a dead client costs nothing but time."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable

import pytest

from freehold.errors import Code, MigrationError
from freehold.migrations import Options, Patience, accept, migrate, rollback, status
from freehold.migrations.history import load
from freehold.migrations.script import Mode
from tests.integration.migrations.conftest import Origin, Target

TWELVE = (
    "alter table tasks add column token uuid not null default gen_random_uuid()",
    "create index tasks_token on tasks (token)",
    "create index notes_body on notes (user_id, body)",
    "create index users_age on users (age)",
    "drop index tasks_created",
    "alter table users add constraint users_email unique (email)",
    "alter table users add constraint users_old check (age < 150)",
    "alter table notes add constraint notes_short check (length(body) < 1000)",
    "alter table plain add constraint plain_user foreign key (payload) references users (id)",
    "comment on constraint users_email on users is 'one each'",
)
MIGRATE = """
import os, pathlib, signal, sys
from freehold.migrations import ledger, migrate

left = int(sys.argv[3])

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def report(progress):
    global left
    if progress.done == 0 and "," not in progress.detail:
        left -= 1
        if left < 0:
            die()

if sys.argv[4] == "within":
    ledger.finished = die
migrate(sys.argv[1], pathlib.Path(sys.argv[2]), report=report)
"""
COLUMN = "alter table tasks add column note text"
INDEX = "create index notes_body on notes (user_id, body)"
INVALID = """
update pg_index set indisvalid = false where indexrelid = 'notes_body'::regclass
"""


def _killed(target: Target, units: int, when: str = "between") -> int:
    command = [sys.executable, "-c", MIGRATE, target.dsn, str(target.directory), str(units), when]
    return subprocess.run(command, check=False, timeout=120, capture_output=True).returncode


def _rows(target: Target) -> None:
    """Rows that the batches have to fill, and the constraints to read."""
    target.run(
        "alter table tasks no force row level security",
        "alter table users no force row level security",
        "insert into users (id, age, email) select 'u' || n, n, n || '@x' from generate_series(1, 20) n",
        "insert into tasks (user_id, id, title) select 'u1', 't' || n, n::text from generate_series(1, 3000) n",
        "alter table tasks force row level security",
        "alter table users force row level security",
    )


@pytest.mark.slow
def test_a_migration_killed_at_every_boundary_of_its_units_ends_equal(
    make: Callable[[Origin | None], Target], origin: Origin
) -> None:
    """SIGKILL before each of twelve units and more, and once between a unit and its ledger row; then it is finished."""
    killed, straight = make(origin), make(origin)
    for target in (killed, straight):
        _rows(target)
        target.generate(*TWELVE)
    units = load(killed.directory).revisions[-1].up.units
    assert len(units) >= 12
    assert {unit.mode for unit in units} == set(Mode)
    autocommit = next(place for place, unit in enumerate(units) if not unit.transactional)
    for done in range(len(units)):
        if done == autocommit:
            assert _killed(killed, 99, "within") == -signal.SIGKILL
        assert _killed(killed, 0 if done == 0 else 1) == (-signal.SIGKILL if done < len(units) else 0)
    assert len(status(killed.dsn, killed.directory).pending) == 1
    migrate(killed.dsn, killed.directory, Options(verify=True))
    migrate(straight.dsn, straight.directory, Options(verify=True))
    assert killed.facts() == straight.facts()
    # As many units, each once; the owner sees the rows while nobody forces row security.
    count = "select count(*) from freehold.ledger where finished_at is not null"
    assert killed.rows(count) == straight.rows(count)
    killed.run("alter table tasks no force row level security")
    assert killed.rows("select count(*), count(distinct token) from tasks") == [(3000, 3000)]


def test_an_invalid_index_is_built_again(target: Target, server_admin: Callable[[Target, str], None]) -> None:
    """What a failed CREATE INDEX CONCURRENTLY leaves: IF NOT EXISTS would have kept it."""
    target.generate(INDEX)
    target.run(INDEX)
    server_admin(target, INVALID)
    migrate(target.dsn, target.directory, Options(verify=False))
    assert target.facts() == load(target.directory).facts


def test_an_index_that_is_there_already_is_kept(target: Target) -> None:
    """The client died between building it and its ledger row: it is not built twice."""
    target.generate(INDEX)
    target.run(INDEX)
    before = target.rows("select 'notes_body'::regclass::oid")
    migrate(target.dsn, target.directory, Options(verify=False))
    assert target.rows("select 'notes_body'::regclass::oid") == before


@pytest.mark.parametrize(
    "stranger",
    [
        "create index notes_body on notes (id)",
        "create index notes_body on tasks (id)",
        "create view notes_body as select 1",
    ],
)
def test_something_else_of_that_name_is_left_alone(target: Target, stranger: str) -> None:
    """It is somebody's; the error says how to make room."""
    target.generate(INDEX)
    target.run(stranger)
    before = target.facts()
    with pytest.raises(MigrationError) as occupied:
        migrate(target.dsn, target.directory, Options(verify=False))
    assert occupied.value.code == Code.INDEX_OCCUPIED
    assert "freehold migrate" in (occupied.value.hint or "")
    assert target.facts() == before
    assert "notes_body" in (status(target.dsn, target.directory).failed[0].error or "")


def test_a_unique_index_that_fails_leaves_none_behind(target: Target) -> None:
    """Two rows are alike: the broken index, which every write would maintain, is gone, and the reason is kept."""
    target.run("insert into plain values (1, 'a'), (2, 'a')")
    target.generate("alter table plain add constraint plain_once unique (payload)")
    before = target.facts()
    with pytest.raises(MigrationError) as failed:
        migrate(target.dsn, target.directory)
    assert failed.value.code == Code.APPLY_FAILED
    assert "23505" in failed.value.message
    assert target.facts() == before
    target.run("delete from plain where id = 2")
    migrate(target.dsn, target.directory, Options(verify=True))


def test_a_transaction_that_never_ends_does_not_keep_an_index_waiting_for_ever(target: Target) -> None:
    """CREATE INDEX CONCURRENTLY waits for every older snapshot; who holds it is named."""
    target.generate(INDEX)
    options = Options(patience=Patience(concurrent=0.8, attempts=1))
    with target.connect() as other, other.transaction():
        other.execute("insert into notes (user_id, id, task_id) select 'a', 'b', 'c' where false")
        with pytest.raises(MigrationError) as blocked:
            migrate(target.dsn, target.directory, options)
        assert blocked.value.code == Code.UNIT_BLOCKED
        assert f"process {other.info.backend_pid} (" in (blocked.value.detail or "")
    migrate(target.dsn, target.directory, Options(verify=True))


@pytest.mark.parametrize(
    ("statements", "milliseconds"), [((COLUMN, "alter table plain add column note text"), 500), ((COLUMN,), 2000)]
)
def test_who_waits_while_it_locks_another_table_gives_up_first(
    target: Target, statements: tuple[str, ...], milliseconds: int
) -> None:
    """Two sessions that wait for each other: after deadlock_timeout the server ends a statement of the application's."""
    target.generate(*statements)
    (path,) = (target.directory / "versions").glob("*_change.up.sql")
    asked = f"if current_setting('lock_timeout')::interval <> '{milliseconds} ms' then raise 'not so'; end if;"
    path.write_text(f"{path.read_text()}\n-- freehold: statement\ndo $$ begin {asked} end $$;\n")
    accept(target.directory)
    assert migrate(target.dsn, target.directory, Options(verify=False)).revisions


def test_a_way_back_that_was_ended_is_finished(target: Target) -> None:
    """Migrating is refused meanwhile, with the command that finishes it."""
    target.generate(INDEX, "alter table users add constraint users_old check (age < 150)")
    before = target.facts()
    migrate(target.dsn, target.directory)
    steps = load(target.directory).revisions[-1].down
    assert len(steps.units) == 2
    target.run("create view held as select age from users", "alter table users drop constraint users_old")
    with pytest.raises(MigrationError):
        rollback(target.dsn, target.directory)
    with pytest.raises(MigrationError) as half:
        migrate(target.dsn, target.directory)
    assert half.value.code == Code.REVISION_HALF_UNDONE
    assert half.value.hint == "Finish that first: freehold rollback"
    target.run("drop view held", "alter table users add constraint users_old check (age < 150)")
    assert rollback(target.dsn, target.directory) == steps.revision
    assert target.facts() == before
    migrate(target.dsn, target.directory, Options(verify=True))


def test_a_half_applied_revision_is_not_undone(target: Target) -> None:
    """Its way back begins at its end."""
    target.run("insert into plain values (1, 'a'), (2, 'a')")
    target.generate(
        "alter table tasks add column note text", "alter table plain add constraint plain_once unique (payload)"
    )
    with pytest.raises(MigrationError):
        migrate(target.dsn, target.directory)
    with pytest.raises(MigrationError) as half:
        rollback(target.dsn, target.directory)
    assert half.value.code == Code.REVISION_HALF_APPLIED
    assert "freehold migrate" in (half.value.hint or "")


def test_a_database_changed_by_hand_is_not_migrated(target: Target) -> None:
    """The difference is named, and nothing is applied; --no-verify does all the same."""
    migrate(target.dsn, target.directory)
    target.generate("alter table tasks add column note text")
    target.run("drop policy tasks_select on tasks")
    with pytest.raises(MigrationError) as drifted:
        migrate(target.dsn, target.directory)
    assert drifted.value.code == Code.FACTS_DIFFER
    assert "drop policy public.tasks.tasks_select" in (drifted.value.detail or "")
    assert "--no-verify" in (drifted.value.hint or "")
    assert len(status(target.dsn, target.directory).pending) == 1
    assert migrate(target.dsn, target.directory, Options(verify=False)).revisions


def test_an_unsafe_statement_is_refused_until_it_is_signed_off(target: Target) -> None:
    """Written by hand into a revision: the error has the line to add, and the line works."""
    target.generate("alter table tasks add column note text")
    path = next((target.directory / "versions").glob("*_change.up.sql"))
    text = path.read_text()
    path.write_text(f"{text}\n-- freehold: statement\nCREATE INDEX slow ON public.notes (body);\n")
    accept(target.directory)
    with pytest.raises(MigrationError) as unsafe:
        migrate(target.dsn, target.directory)
    assert unsafe.value.code == Code.CHANGE_UNSAFE
    assert "CONCURRENTLY" in (unsafe.value.hint or "")
    signature = (unsafe.value.hint or "").partition("repair: ")[2].replace("<reason>", "ten rows")
    path.write_text(path.read_text().replace("\n\n-- freehold: unit", f"\n{signature}\n\n-- freehold: unit", 1))
    accept(target.directory)
    assert migrate(target.dsn, target.directory).revisions


def test_a_foreign_key_is_checked_although_row_security_hides_the_rows(target: Target) -> None:
    """PostgreSQL validates as the owner, whom FORCE binds: unseen, a broken reference would count as valid."""
    _rows(target)
    target.run("insert into plain values (1, 'u1')")
    target.generate("alter table users add constraint users_plain foreign key (age) references plain (id)")
    with pytest.raises(MigrationError) as failed:
        migrate(target.dsn, target.directory)
    assert "23503" in failed.value.message
    target.run("insert into plain select n, 'u1' from generate_series(2, 20) n")
    migrate(target.dsn, target.directory, Options(verify=True))
