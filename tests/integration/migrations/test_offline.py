"""SQL for psql: what it does to a database is what freehold migrate does, ledger included."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

import pytest

from freehold.errors import Code, MigrationError
from freehold.migrations import Options, migrate, rollback, status
from freehold.migrations.history import History, Revision, load
from freehold.migrations.offline import offline, selected
from freehold.server._binaries import packaged
from tests.integration.migrations.conftest import Target

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


def test_it_refuses_to_run_twice_or_out_of_order(target: Target, empty: Target) -> None:
    """The guard names the revision, and nothing is changed."""
    history = _two(target)
    out_of_order = _psql(empty, _text(selected(history, history.head)))
    assert out_of_order.returncode == 3
    assert "which this database lacks" in out_of_order.stderr
    assert empty.rows("select count(*) from pg_tables where schemaname = 'public'") == [(0,)]
    assert _psql(target, _text(selected(history, history.head))).returncode == 0
    again = _psql(target, _text(selected(history, history.head)))
    assert again.returncode == 3
    assert "was begun or applied already" in again.stderr


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
