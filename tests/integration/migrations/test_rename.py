"""Renames: declared they keep the rows, undeclared they are asked about."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from freehold.errors import Code, MigrationError
from freehold.migrations import Options, migrate, rollback
from freehold.migrations.generate import Generated, Permission, generate
from freehold.migrations.rename import Rename
from tests.integration.migrations.conftest import BASE, Target

COLUMN = Rename("public", "tasks", "title", "heading")
TABLE = Rename("public", "jobs", "tasks")


def _renamed(*pairs: tuple[str, str]) -> tuple[str, ...]:
    statements = []
    for statement in BASE:
        for old, new in pairs:
            statement = statement.replace(old, new)  # noqa: PLW2901
        statements.append(statement)
    return tuple(statements)


HEADING = _renamed(("title", "heading"))
JOBS = _renamed(("tasks", "jobs"))


def _generate(target: Target, statements: Sequence[str], *renames: Rename, drop: bool = False) -> Generated | None:
    permission = Permission(drop=drop, sign_off="tested")
    return generate(statements, target.directory, "rename", target.cluster, renames=renames, permission=permission)


def _fill(target: Target) -> None:
    target.run("create policy filling on tasks to current_user using (true)")
    target.run("create policy filling on users to current_user using (true)")
    target.run(
        "insert into users (id) values ('u')", "insert into tasks (user_id, id, title) values ('u', 't', 'kept')"
    )
    target.run("drop policy filling on tasks", "drop policy filling on users")


@pytest.mark.parametrize(
    ("statements", "rename", "query"),
    [(HEADING, COLUMN, "select heading from tasks"), (JOBS, TABLE, "select title from jobs")],
    ids=["column", "table"],
)
def test_a_declared_rename_keeps_the_rows(
    target: Target, statements: Sequence[str], rename: Rename, query: str
) -> None:
    """And what is named after it: constraints, indexes, policies, triggers are renamed, none is built again."""
    _fill(target)
    before, indexes = target.facts(), target.rows("select indexrelid from pg_index order by 1")
    made = _generate(target, statements, rename)
    assert made
    assert not any(
        "CREATE" in text or "DROP" in text for text in _up(made) if "VIEW" not in text and "DONE" not in text
    )
    assert any("renamed:" in line for line in made.summary)
    migrate(target.dsn, target.directory, Options(verify=True))
    assert target.rows("select indexrelid from pg_index order by 1") == indexes
    table = query.rsplit(maxsplit=1)[-1]
    target.run(f"alter table {table} no force row level security")
    assert target.rows(query) == [("kept",)]
    target.run(f"alter table {table} force row level security")
    assert _generate(target, statements, rename) is None
    rollback(target.dsn, target.directory)
    assert target.facts() == before


def _up(made: Generated) -> list[str]:
    (path,) = (path for path in made.files if path.name.endswith(".up.sql"))
    return [line for line in path.read_text().splitlines() if not line.startswith("--")]


@pytest.mark.parametrize(("statements", "words"), [(HEADING, "renamed_from"), (JOBS, "__renamed_from__")])
def test_a_drop_and_an_add_alike_are_asked_about(target: Target, statements: Sequence[str], words: str) -> None:
    """The declaration to add is in the hint, and so is the way to say that it is none."""
    with pytest.raises(MigrationError) as asked:
        _generate(target, statements)
    assert asked.value.code == Code.RENAME_AMBIGUOUS
    assert words in (asked.value.hint or "")
    assert "--allow-drop" in (asked.value.hint or "")


@pytest.mark.parametrize(("statements", "table", "column"), [(HEADING, "tasks", "heading"), (JOBS, "jobs", "title")])
def test_what_is_sealed_is_not_said_to_be_renamed(
    target: Target, statements: Sequence[str], table: str, column: str
) -> None:
    """The values are bound to their names, so the hint does not name a declaration that would be refused."""
    sealing = "ALTER TABLE public.{0} ADD CONSTRAINT ck_{0}_{1}_sealed CHECK ({1} LIKE 'fh1.%')"
    assert _generate(target, (*BASE, sealing.format("tasks", "title")))
    with pytest.raises(MigrationError) as asked:
        _generate(target, (*statements, sealing.format(table, column)))
    assert asked.value.code == Code.RENAME_AMBIGUOUS
    assert "renamed_from" not in (asked.value.hint or "")
    assert "opens under this name only" in (asked.value.hint or "")
    assert "--allow-drop" in (asked.value.hint or "")


def test_a_drop_that_is_allowed_is_not_asked_about(target: Target) -> None:
    """--allow-drop answers the question."""
    assert _generate(target, HEADING, drop=True)


def test_a_table_with_sealed_values_is_not_renamed(target: Target) -> None:
    """They open under the old name only, so the rename is a loss, and is asked about as one; without them it is none."""
    sealing = "ALTER TABLE public.{} ADD CONSTRAINT ck_{}_title_sealed CHECK (title LIKE 'fh1.%')"
    assert _generate(target, (*BASE, sealing.format("tasks", "tasks")))
    renamed = (*JOBS, sealing.format("jobs", "jobs"))
    with pytest.raises(MigrationError) as error:
        _generate(target, renamed, TABLE)
    assert error.value.code is Code.DROP_REFUSED
    assert _generate(target, renamed, TABLE, drop=True)
