"""Squashing: the same facts from one revision, and databases that have the old ones carry on."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from freehold.errors import Code, MigrationError
from freehold.migrations import Options, accept, migrate, rollback, status
from freehold.migrations.graph import check
from freehold.migrations.history import load
from freehold.migrations.squash import Squashed, squash
from tests.integration.migrations.conftest import Origin, Target

NOTE = "alter table tasks add column note text"
INDEX = "create index tasks_note on tasks (user_id, note)"
EXTRA = "alter table notes add column extra text"


def _squashed(target: Target, message: str = "all") -> Squashed:
    return squash(target.directory, message, target.cluster)


def test_databases_at_every_point_carry_on(
    target: Target, make: Callable[[Origin | None], Target], origin: Origin
) -> None:
    """One at the head, one in the middle, one empty: all reach the same facts, then the next revision, then go back."""
    middle, empty = make(origin), make(None)
    assert target.generate(NOTE)
    migrate(target.dsn, target.directory)
    head = load(target.directory).head
    before = target.facts()
    made = _squashed(target)
    assert made.replaces[-1] == head
    check(load(target.directory))
    assert [revision.id for revision in load(target.directory).revisions] == [made.revision]
    assert status(target.dsn, target.directory).at_head
    for each in (target, middle, empty):
        migrate(each.dsn, target.directory, Options(verify=True))
        assert each.facts() == before
    assert target.generate(NOTE, EXTRA)
    for each in (target, middle, empty):
        assert len(migrate(each.dsn, target.directory, Options(verify=True)).revisions) == 1
        assert status(each.dsn, target.directory).at_head
    assert rollback(middle.dsn, target.directory)
    assert rollback(middle.dsn, target.directory) == head
    assert rollback(empty.dsn, target.directory)
    assert rollback(empty.dsn, target.directory) == made.revision
    assert rollback(empty.dsn, target.directory) is None


def test_squashed_again(target: Target, make: Callable[[Origin | None], Target], origin: Origin) -> None:
    """A database at the very first revision, and one made by the first squash, find their way through two squashes."""
    oldest, squashed = make(origin), make(None)
    assert target.generate(NOTE)
    first = _squashed(target, "one")
    migrate(squashed.dsn, target.directory)
    assert target.generate(NOTE, EXTRA)
    second = _squashed(target, "two")
    assert second.replaces[0] == first.revision
    for each in (oldest, squashed, target):
        migrate(each.dsn, target.directory, Options(verify=True))
        assert status(each.dsn, target.directory).at_head
    assert oldest.facts() == squashed.facts() == target.facts()


def test_the_old_files_are_gone_and_the_sums_hold(target: Target) -> None:
    """Four files of one revision remain."""
    assert target.generate(NOTE)
    made = _squashed(target)
    files = sorted(path.name for path in (target.directory / "versions").iterdir() if path.is_file())
    endings = ("", ".down.sql", ".py", ".steps.sql", ".up.sql")
    assert files == sorted(f"{made.revision}_all{ending}" for ending in endings[1:])
    assert load(target.directory).facts


def test_an_archive_that_was_edited_is_refused(target: Target) -> None:
    """What databases in the middle run is guarded like everything else."""
    assert target.generate(NOTE)
    made = _squashed(target)
    made.files[-1].write_text(made.files[-1].read_text() + "-- more\n")
    with pytest.raises(MigrationError) as edited:
        load(target.directory)
    assert edited.value.code == Code.HISTORY_EDITED


def test_one_revision_is_not_squashed(target: Target) -> None:
    """There is nothing to gain."""
    with pytest.raises(MigrationError) as pointless:
        _squashed(target)
    assert pointless.value.code == Code.SQUASH_DIFFERS


def test_revisions_that_write_rows_are_not_squashed(target: Target) -> None:
    """Facts do not show rows, so a new database would lack them; nothing is changed."""
    assert target.generate(NOTE)
    path = next(path for path in (target.directory / "versions").glob("*.up.sql") if "change" in path.name)
    path.write_text(path.read_text() + "\n-- freehold: statement\nINSERT INTO plain VALUES (1, 'seed');\n")
    accept(target.directory)
    with pytest.raises(MigrationError, match=re.escape(path.name.removesuffix(".up.sql"))) as writes:
        _squashed(target)
    assert writes.value.code == Code.SQUASH_DIFFERS
    assert len(load(target.directory).revisions) == 2
