"""The history on disk: sums, order, heads."""

from __future__ import annotations

from pathlib import Path

import pytest

from freehold.catalog import Snapshot
from freehold.errors import Code, MigrationError
from freehold.migrations.history import load
from freehold.migrations.manifest import MANIFEST, accept, seal
from freehold.migrations.revision import slug, write
from freehold.migrations.script import Script, Unit


def _write(directory: Path, revision: str, *parents: str) -> None:
    script = Script(revision, parents, (f"make {revision}",), (Unit((f"create table {revision} ()",)),))
    write(directory, f"make {revision}", script, script, Snapshot())


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A history of three revisions whose names do not sort in their order."""
    _write(tmp_path, "ccc")
    _write(tmp_path, "aaa", "ccc")
    _write(tmp_path, "bbb", "aaa")
    return tmp_path


def _code(directory: Path) -> Code:
    with pytest.raises(MigrationError) as refused:
        load(directory)
    assert refused.value.hint
    return refused.value.code


def test_revisions_come_in_order(directory: Path) -> None:
    """Each behind the one it revises."""
    history = load(directory)
    assert [revision.id for revision in history.revisions] == ["ccc", "aaa", "bbb"]
    assert history.head == "bbb"
    assert history.facts == Snapshot()


def test_no_directory_is_an_empty_history(tmp_path: Path) -> None:
    """Where everything begins."""
    assert load(tmp_path / "none").revisions == ()


@pytest.mark.parametrize("ending", [".up.sql", ".down.sql", ".py"])
def test_an_edited_file_is_named(directory: Path, ending: str) -> None:
    """Until it is restored or accepted."""
    path = next((directory / "versions").glob(f"aaa*{ending}"))
    path.write_text(path.read_text() + "\n")
    with pytest.raises(MigrationError, match=path.name):
        load(directory)
    assert _code(directory) is Code.HISTORY_EDITED
    accept(directory)
    assert load(directory).facts is None


def test_a_checkout_with_other_line_ends_is_the_same(directory: Path) -> None:
    """Git may write CRLF."""
    path = next((directory / "versions").glob("aaa*.up.sql"))
    before = load(directory)
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert load(directory) == before


def test_a_file_beside_the_manifest_is_refused(directory: Path) -> None:
    """A revision that nobody generated."""
    (directory / "versions" / "zzz.up.sql").write_text("drop table x")
    assert _code(directory) is Code.HISTORY_EDITED


def test_a_broken_manifest_is_refused(directory: Path) -> None:
    """So that a merge conflict is not read as an empty history."""
    with (directory / MANIFEST).open("a") as manifest:
        manifest.write("=======\n")
    assert _code(directory) is Code.HISTORY_EDITED


def test_a_missing_file_is_named(directory: Path) -> None:
    """With the command that restores it."""
    next((directory / "versions").glob("aaa*.up.sql")).unlink()
    assert _code(directory) is Code.REVISION_MISSING


def test_a_missing_parent_is_named(directory: Path) -> None:
    """The revision was removed, and the sums with it."""
    for path in (directory / "versions").glob("aaa*"):
        path.unlink()
    seal(directory)
    assert _code(directory) is Code.REVISION_MISSING


def test_two_heads_are_named(directory: Path) -> None:
    """Two branches added a revision each."""
    _write(directory, "ddd", "aaa")
    assert _code(directory) is Code.HEADS_DIVERGED


@pytest.mark.parametrize(
    ("message", "expected"),
    [("Add tasks & users!", "add_tasks_users"), ("../../etc", "etc"), ("ÄÖ", "change"), ("x" * 99, "x" * 40)],
)
def test_a_message_becomes_part_of_a_file_name(message: str, expected: str) -> None:
    """Nothing but letters, digits and underscores, never a path."""
    assert slug(message) == expected
