"""Alembic's door: the revisions are Alembic's too, and give the same database."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from freehold.errors import Code, MigrationError
from freehold.migrations import accept, migrate
from freehold.migrations.graph import check
from freehold.migrations.history import load
from tests.integration.migrations.conftest import Target

TRICKY = """create function tricky(n integer default 5 % 3) returns text language plpgsql as $$
begin
    return 'a:b' || n::text || '\\:c %s %(x)s %%';
end $$"""


def _run(directory: Path, url: str, revision: str, offline: io.StringIO | None = None) -> None:
    config = Config(output_buffer=offline)
    config.set_main_option("script_location", str(directory))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)

    def steps(current: Any, _: Any) -> Sequence[Any]:
        if revision == "base":
            return script._downgrade_revs(revision, current)
        return script._upgrade_revs(revision, current)

    with EnvironmentContext(config, script, fn=steps, as_sql=offline is not None, destination_rev=revision) as context:
        if offline is not None:
            context.configure(dialect_name="postgresql", output_buffer=offline)
            context.run_migrations()
            return
        with create_engine(url, poolclass=NullPool).begin() as connection:
            context.configure(connection=connection)
            context.run_migrations()


def _url(target: Target) -> str:
    return re.sub("^postgresql:", "postgresql+psycopg:", target.dsn)


def test_alembic_upgrades_and_downgrades_to_the_same_facts(target: Target, empty: Target) -> None:
    """Whatever colons, percent signs and backslashes the SQL holds."""
    target.generate(TRICKY)
    migrate(target.dsn, target.directory)
    _run(target.directory, _url(empty), "head")
    empty.run("drop table alembic_version")
    assert empty.facts() == target.facts()


def test_alembic_downgrades_to_nothing(target: Target, empty: Target) -> None:
    """The down files undo what the up files did."""
    before = empty.facts()
    _run(target.directory, _url(empty), "head")
    _run(target.directory, _url(empty), "base")
    empty.run("drop table alembic_version")
    assert empty.facts() == before


def test_alembic_writes_the_sql(target: Target) -> None:
    """Offline, for those who apply SQL by hand."""
    out = io.StringIO()
    _run(target.directory, "", "head", out)
    assert 'CREATE TABLE "public"."tasks"' in out.getvalue()


def test_a_revision_file_that_says_otherwise_is_refused(target: Target) -> None:
    """The graph of the Python files and of the SQL files is one."""
    target.generate("alter table tasks add column note text")
    path = next((target.directory / "versions").glob("*_change.py"))
    path.write_text(re.sub(r"^down_revision = .*$", "down_revision = None", path.read_text(), flags=re.MULTILINE))
    accept(target.directory)
    with pytest.raises(MigrationError) as refused:
        check(load(target.directory))
    assert refused.value.code is Code.HISTORY_EDITED


def test_generating_is_deterministic(target: Target, tmp_path: Path) -> None:
    """The same models and history give the same files, byte for byte."""
    first = target.generate(TRICKY, message="same")
    assert first
    texts = [path.read_bytes() for path in first.files]
    for path in first.files:
        path.unlink()
    accept(target.directory)
    second = target.generate(TRICKY, message="same")
    assert second
    assert second.files == first.files
    assert [path.read_bytes() for path in second.files] == texts
    assert target.generate(TRICKY) is None
