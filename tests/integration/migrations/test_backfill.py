"""Changing rows in batches: resumable, counted, and never of rows that row security hides."""

from __future__ import annotations

import re

import pytest

from freehold.errors import Code, MigrationError
from freehold.migrations import Options, Progress, accept, migrate, rollback
from freehold.migrations.backfill import Backfill, backfill
from freehold.migrations.generate import Generated
from freehold.migrations.history import load
from tests.integration.migrations.conftest import Target

ROWS = (
    "alter table tasks no force row level security",
    "alter table users no force row level security",
    "insert into users (id) values ('u1')",
    "insert into tasks (user_id, id, title) select 'u1', 't' || n, ' title ' || n from generate_series(1, 250) n",
    "alter table tasks force row level security",
    "alter table users force row level security",
)
TRIM = Backfill("tasks", {"title": "trim(title)"}, "title <> trim(title)", size=100)


@pytest.fixture
def rows(target: Target) -> Target:
    """A database at the first revision with 250 titles to trim, and the revision that does it."""
    target.run(*ROWS)
    return target


def _write(target: Target, one: Backfill = TRIM) -> Generated:
    return backfill([one], target.directory, "trim titles", target.cluster)


def _cursor(target: Target) -> tuple[object, ...]:
    (row,) = target.rows("select cursor::text, rows, finished_at is null, error from freehold.ledger where rows > 0")
    return row


def test_all_rows_are_changed_in_batches(rows: Target) -> None:
    """Each batch a commit; the count is in the ledger, rows a second are reported, and nothing is left open."""
    made = _write(rows)
    before = rows.facts()
    seen: list[Progress] = []
    migrate(rows.dsn, rows.directory, Options(verify=True), seen.append)
    assert _cursor(rows)[1:3] == (250, False)
    assert [p.done for p in seen if "rows/s" in p.detail] == [100, 200, 250]
    assert rows.facts() == before
    rows.run("alter table tasks no force row level security")
    assert rows.rows("select count(*) from tasks where title ~ '^title \\d+$'") == [(250,)]
    rows.run("alter table tasks force row level security")
    assert rollback(rows.dsn, rows.directory) == made.revision


def test_a_walk_that_was_ended_goes_on_from_its_cursor(rows: Target) -> None:
    """What is done is not done again: a row behind the cursor, spoilt meanwhile, is found by the last count."""
    _write(rows)

    def stop(progress: Progress) -> None:
        if "rows/s" in progress.detail:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        migrate(rows.dsn, rows.directory, report=stop)
    cursor, done, unfinished, _ = _cursor(rows)
    assert (done, unfinished) == (100, True)
    assert re.fullmatch(r'\["u1", "t\d+"\]', str(cursor))
    rows.run("update tasks set title = ' spoilt' where id = 't1'")
    with pytest.raises(MigrationError) as left:
        migrate(rows.dsn, rows.directory)
    assert left.value.code == Code.ROWS_LEFT
    assert _cursor(rows)[1] == 250
    found = re.search(r"UPDATE freehold.ledger .*?;", left.value.hint or "")
    assert found
    rows.run(found[0])
    migrate(rows.dsn, rows.directory, Options(verify=True))
    assert _cursor(rows)[1:3] == (251, False)


def test_rows_that_are_hidden_are_not_forgotten(rows: Target) -> None:
    """Without the policy that opens the table the owner would see none of 250 rows, and be done."""
    _write(rows)
    path = next((rows.directory / "versions").glob("*_trim_titles.up.sql"))
    text = path.read_text()
    kept = [unit for unit in text.split("\n-- freehold: unit ") if "POLICY" not in unit]
    path.write_text("\n-- freehold: unit ".join(kept))
    accept(rows.directory)
    with pytest.raises(MigrationError) as hidden:
        migrate(rows.dsn, rows.directory)
    assert hidden.value.code == Code.ROWS_HIDDEN
    assert "freehold backfill" in (hidden.value.hint or "")


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (Backfill("nothing", {"a": "1"}, "a <> 1"), "no such table; there are"),
        (Backfill("tasks", {"nothing": "1"}, "true"), "no column nothing; it has"),
        (Backfill("tasks", {"id": "'x'"}, "id <> 'x'"), "primary key"),
        (Backfill("tasks", {}, "true"), "a column to set"),
        (Backfill("tasks", {"title": "''"}, "true", size=0), "at least one row"),
    ],
)
def test_what_cannot_be_walked_is_refused(target: Target, one: Backfill, words: str) -> None:
    """Before anything is written."""
    before = load(target.directory)
    with pytest.raises(MigrationError, match=words) as refused:
        _write(target, one)
    assert refused.value.code == Code.CHANGE_UNSUPPORTED
    assert load(target.directory) == before


def test_an_expression_that_postgresql_refuses_is_not_written(target: Target) -> None:
    """The proof runs it on the scratch database."""
    before = load(target.directory)
    with pytest.raises(MigrationError) as refused:
        _write(target, Backfill("tasks", {"title": "nonsense(title)"}, "title <> ''"))
    assert refused.value.code == Code.PROOF_FAILED
    assert load(target.directory) == before
