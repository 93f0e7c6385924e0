"""Two heads: joined where they touch different things, refused by the name of the fact where they do not."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from freehold.errors import Code, MigrationError
from freehold.migrations import Options, accept, migrate, rollback, status
from freehold.migrations.generate import Permission
from freehold.migrations.graph import check
from freehold.migrations.history import load
from freehold.migrations.manifest import MANIFEST
from freehold.migrations.merge import merge
from tests.integration.migrations.conftest import Origin, Target, Workshop

NOTE = "alter table tasks add column note text"
EXTRA = ("alter table notes add column extra text", "create index notes_extra on notes (user_id, extra)")


def _joined(ours: Path, theirs: Path) -> None:
    """What git leaves: the files of both, and a manifest with its markers."""
    texts = [(directory / MANIFEST).read_text() for directory in (ours, theirs)]
    for path in (theirs / "versions").iterdir():
        shutil.copy(path, ours / "versions" / path.name)
    (ours / MANIFEST).write_text(f"<<<<<<< ours\n{texts[0]}=======\n{texts[1]}>>>>>>> theirs\n")


@pytest.fixture
def branched(workshop: Workshop, origin: Origin, tmp_path: Path) -> Callable[..., Path]:
    """Makes a history of two branches, each with its statements."""

    def make(ours: tuple[str, ...], theirs: tuple[str, ...], *, drop: bool = False) -> Path:
        paths = [tmp_path / name for name in ("ours", "theirs")]
        for path, statements in zip(paths, (ours, theirs), strict=True):
            shutil.copytree(origin.directory, path)
            workshop.generate(path, *statements, permission=Permission(drop=drop, sign_off="test"))
        _joined(*paths)
        return paths[0]

    return make


def test_heads_that_touch_different_things_join(
    branched: Callable[..., Path], make: Callable[[Origin | None], Target], origin: Origin, workshop: Workshop
) -> None:
    """Whatever git left in the manifest; a database with either branch gets the other; Alembic reads the graph."""
    directory = branched((NOTE,), EXTRA)
    first, second = make(origin), make(origin)
    for target, name in ((first, "ours"), (second, "theirs")):
        alone = directory.with_name(name) if name == "theirs" else None
        if alone:
            migrate(target.dsn, alone)
    with pytest.raises(MigrationError, match="in conflict") as conflict:
        load(directory)
    assert "freehold merge" in (conflict.value.hint or "")
    made = merge(directory, "merge", first.cluster)
    assert made
    assert len(made.heads) == 2
    history = load(directory)
    check(history)
    assert history.head == made.revision
    for target in (first, second):
        migrate(target.dsn, directory, Options(verify=True))
        assert status(target.dsn, directory).at_head
    assert first.facts() == second.facts()
    assert merge(directory, "again", first.cluster) is None


def test_a_merge_can_be_undone(branched: Callable[..., Path], target: Target) -> None:
    """The joining revision goes first, then the branches one by one; and back again."""
    before = target.facts()
    directory = branched((NOTE,), EXTRA)
    made = merge(directory, "merge", target.cluster)
    assert made
    migrate(target.dsn, directory)
    assert rollback(target.dsn, directory) == made.revision
    assert rollback(target.dsn, directory)
    assert rollback(target.dsn, directory)
    assert target.facts() == before
    migrate(target.dsn, directory, Options(verify=True))
    assert status(target.dsn, directory).at_head


@pytest.mark.parametrize(
    ("ours", "theirs", "fact"),
    [
        ((NOTE,), ("alter table tasks add column note jsonb",), "column public.tasks.note"),
        ((NOTE,), ("alter table tasks add column note text", *EXTRA), "column public.tasks.note"),
        (
            ("alter policy tasks_select on tasks using (false)",),
            ("alter policy tasks_select on tasks using (user_id = 'x')",),
            "policy public.tasks.tasks_select",
        ),
        (("drop table plain",), ("alter table plain add column note text",), "column public.plain.note"),
    ],
)
def test_a_conflict_is_named_by_its_fact(
    branched: Callable[..., Path], target: Target, ours: tuple[str, ...], theirs: tuple[str, ...], fact: str
) -> None:
    """Nothing is written, and the hint is what to type; load says the same way out."""
    directory = branched(ours, theirs, drop=True)
    files = sorted(path.name for path in (directory / "versions").iterdir())
    with pytest.raises(MigrationError) as conflict:
        merge(directory, "merge", target.cluster)
    assert conflict.value.code == Code.BRANCHES_CONFLICT
    assert fact in conflict.value.message
    assert "git rm" in (conflict.value.hint or "")
    assert sorted(path.name for path in (directory / "versions").iterdir()) == files
    accept(directory)
    with pytest.raises(MigrationError, match="freehold merge") as heads:
        load(directory)
    assert heads.value.code == Code.HEADS_DIVERGED


def test_an_edited_file_is_not_joined(branched: Callable[..., Path], target: Target) -> None:
    """A sum must hold on one of the two sides."""
    directory = branched((NOTE,), EXTRA)
    path = next(path for path in (directory / "versions").glob("*.up.sql") if "change" in path.name)
    path.write_text(path.read_text() + "\n-- a remark\n")
    with pytest.raises(MigrationError) as edited:
        merge(directory, "merge", target.cluster)
    assert edited.value.code == Code.HISTORY_EDITED
