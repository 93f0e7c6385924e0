"""SQL for psql: what it does to a database is what freehold migrate does, ledger included."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence

import pytest

from freehold.errors import Code, MigrationError
from freehold.migrations import Options, migrate, rollback, status
from freehold.migrations.backfill import backfill
from freehold.migrations.history import History, Revision, load
from freehold.migrations.offline import offline, selected
from freehold.server._binaries import packaged
from tests.integration.migrations.conftest import Origin, Target, Workshop
from tests.integration.migrations.test_backfill import TRIM
from tests.integration.migrations.test_live import FILL
from tests.integration.migrations.test_units import TWELVE

PSQL = packaged() / "psql"
COLUMN = "alter table tasks add column note text not null default 'n'"
INDEX = "create index tasks_note on tasks (user_id, note)"


def _psql(target: Target, text: str) -> subprocess.CompletedProcess[str]:
    command = [str(PSQL), "-X", "-q", "-d", target.dsn]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=60)


def _two(target: Target) -> History:
    """Two more revisions: one with a unit outside a transaction."""
    assert target.generate(COLUMN, INDEX)
    return load(target.directory)


def _text(revisions: Sequence[Revision], *, down: bool = False) -> str:
    return offline(revisions, down=down)


def test_psql_does_what_migrate_does(target: Target, empty: Target) -> None:
    """From nothing to the head, with an index built concurrently; then migrate has nothing to do."""
    history = _two(target)
    migrate(target.dsn, target.directory)
    ran = _psql(empty, _text(selected(history, None)))
    assert ran.returncode == 0, ran.stderr
    assert empty.facts() == target.facts()
    assert status(empty.dsn, target.directory).at_head
    assert migrate(empty.dsn, target.directory, Options(verify=True)).revisions == ()
    assert rollback(empty.dsn, target.directory) == history.head


def test_it_refuses_to_run_out_of_order(target: Target, empty: Target) -> None:
    """The guard names what is missing, and nothing is changed."""
    history = _two(target)
    out_of_order = _psql(empty, _text(selected(history, history.head)))
    assert out_of_order.returncode == 3
    assert "which this database lacks" in out_of_order.stderr
    assert empty.rows("select count(*) from pg_tables where schemaname = 'public'") == [(0,)]


def test_batches_do_what_migrate_does(
    target: Target, make: Callable[[Origin | None], Target], origin: Origin, workshop: Workshop
) -> None:
    """Every kind of unit, on rows: keys of one column and of two, NOT NULL, references, indexes; run twice it is run once."""
    other = make(origin)
    assert target.generate(*TWELVE, "alter table plain alter id type bigint")
    head = load(target.directory).head
    backfill([TRIM], target.directory, "trim", target.cluster)
    history = load(target.directory)
    for each in (target, other):
        each.run(*FILL, "update plain set payload = 'u' || id % 50 + 1 where id > 0")
    migrate(target.dsn, target.directory, Options(verify=True))
    text = _text(selected(history, f"{history.revisions[0].id}:"))
    assert text.count("freehold_batches") > 4
    first = _psql(other, text)
    assert first.returncode == 0, first.stderr
    assert other.facts() == target.facts()
    assert _contents(other) == _contents(target)
    ledger = other.rows("select * from freehold.ledger")
    again = _psql(other, text)
    assert again.returncode == 0, again.stderr
    assert again.stdout.count("is done already") == sum(len(each.up.units) for each in history.revisions[1:])
    assert other.rows("select * from freehold.ledger") == ledger
    assert migrate(other.dsn, target.directory, Options(verify=True)).revisions == ()
    assert head
    assert rollback(other.dsn, target.directory) == history.head
    down = _text(selected(history, head, down=True), down=True)
    for _ in range(2):
        undone = _psql(other, down)
        assert undone.returncode == 0, undone.stderr
        assert other.facts() == workshop.history.facts
    assert "is not there" in undone.stdout


@pytest.mark.slow
def test_it_goes_on_where_it_ended(target: Target) -> None:
    """Ended in every unit, after its work where that is not a transaction: the next run of the same text does the rest."""
    target.run(*FILL)
    assert target.generate(*TWELVE)
    history = load(target.directory)
    text = _text(selected(history, history.head))
    units = len(history.revisions[-1].up.units)
    for number in range(1, units + 1):
        head, mark, tail = text.partition(f"-- unit {number}, ")
        begun = 0 if tail.startswith("transaction") else tail.index("insert into freehold.ledger") + 1
        place = tail.index("insert into freehold.ledger", begun)
        ended = _psql(target, f"{head}{mark}{tail[:place]}select 1/0;\n{tail[place:]}")
        assert ended.returncode == 3, number
        assert "division by zero" in ended.stderr, number
    done = _psql(target, text)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("is done already") == units - 1
    assert migrate(target.dsn, target.directory, Options(verify=True)).revisions == ()


def test_an_invalid_index_is_built_again(target: Target, server_admin: Callable[[Target, str], None]) -> None:
    """What a failed build left is dropped first; an index of that name over something else is left alone, and told."""
    history = _two(target)
    text = _text(selected(history, history.head))
    assert _psql(target, text).returncode == 0
    unfinished = f"update freehold.ledger set finished_at = null where revision = '{history.head}' and unit = 2"
    look = "select indisvalid, pg_relation_filenode(indexrelid) from pg_index where indexrelid = 'tasks_note'::regclass"
    built = target.rows(look)
    target.run(unfinished)
    assert _psql(target, text).returncode == 0
    assert target.rows(look) == built
    target.run(unfinished)
    server_admin(target, "update pg_index set indisvalid = false where indexrelid = 'tasks_note'::regclass")
    assert _psql(target, text).returncode == 0
    ((valid, node),) = target.rows(look)
    assert valid
    assert (valid, node) != built[0]
    assert _psql(target, _text(selected(history, history.head, down=True), down=True)).returncode == 0
    target.run("create index tasks_note on tasks (user_id)")
    stranger = _psql(target, text)
    assert stranger.returncode == 3
    assert '"tasks_note" already exists' in stranger.stderr


def test_a_unit_changed_since_is_not_passed_over(target: Target) -> None:
    """Its sum in the ledger is another one."""
    history = _two(target)
    text = _text(selected(history, history.head))
    assert _psql(target, text).returncode == 0
    target.run(f"update freehold.ledger set checksum = 'x' where revision = '{history.head}' and unit = 2")
    changed = _psql(target, text)
    assert changed.returncode == 3
    assert f"unit 2 of {history.revisions[-1].name} was changed" in changed.stderr


def _contents(target: Target) -> list[object]:
    """All rows of all tables but for what is random, row security set aside."""
    names = ("users", "tasks", "notes", "plain")
    with target.connect() as connection, connection.transaction(force_rollback=True):
        for name in names:
            connection.execute(f"alter table {name} no force row level security".encode())
        return [
            connection.execute(
                f"select (to_jsonb(t) - '{{token,created_at,updated_at}}'::text[])::text from {name} t order by 1".encode()
            ).fetchall()
            for name in names
        ]


def test_down_undoes_and_forgets(target: Target) -> None:
    """The newest revision goes, in psql, and migrate brings it again."""
    before = target.facts()
    history = _two(target)
    migrate(target.dsn, target.directory)
    ran = _psql(target, _text(selected(history, history.head, down=True), down=True))
    assert ran.returncode == 0, ran.stderr
    assert target.facts() == before
    assert migrate(target.dsn, target.directory, Options(verify=True)).revisions == (history.head,)


def test_a_failure_is_seen_by_migrate(target: Target) -> None:
    """It stops at the error; the unit leaves nothing, and the next run does it."""
    history = _two(target)
    target.run("alter table tasks add column note text")
    ran = _psql(target, _text(selected(history, history.head)))
    assert ran.returncode == 3
    target.run("alter table tasks drop column note")
    assert migrate(target.dsn, target.directory).revisions == (history.head,)


def test_spans_name_revisions(target: Target) -> None:
    """All, one, after one, up to one; ids may be cut short."""
    history = _two(target)
    first, last = history.revisions
    assert selected(history, None) == (first, last)
    assert selected(history, None, down=True) == (last, first)
    assert selected(history, last.id[:6]) == (last,)
    assert selected(history, f"{first.id}:") == (last,)
    assert selected(history, f":{first.id}") == (first,)
    assert selected(history, f"{first.id}:{first.id}") == ()


@pytest.mark.parametrize("span", ["zzz", "", "a:zzz"])
def test_an_unknown_span_lists_the_revisions(target: Target, span: str) -> None:
    """The hint has what can be asked for."""
    history = _two(target)
    if span == "":
        span = f"{history.revisions[1].id}:{history.revisions[0].id}"
    with pytest.raises(MigrationError) as unknown:
        selected(history, span)
    assert unknown.value.code == Code.REVISION_UNKNOWN
    assert history.revisions[0].id in (unknown.value.hint or "")
