"""Mending: what the revisions lack becomes a revision, what one database lacks becomes SQL for it."""

from __future__ import annotations

import shutil
from pathlib import Path

import examples.profiles
from freehold.audit.finding import Finding
from freehold.audit.found import Edit, Fix, Found, Place, Surface
from freehold.audit.repair import PATCH_FILE, SQL_FILE, repair
from freehold.audit.rules import RULES
from freehold.migrations import shadow
from freehold.migrations.history import load
from freehold.migrations.script import Mode
from tests.cluster import APP, Cluster

MIGRATIONS = Path(examples.profiles.__path__[0]) / "migrations"


def _finding(*sql: str, mechanical: bool = True, edit: Edit | None = None) -> Finding:
    return Finding(
        RULES["AU104"], Found(str(sql), "m", Fix(sql, mechanical=mechanical, edit=edit)), (Surface.DATABASE,)
    )


def test_each_fix_goes_where_it_belongs(cluster: Cluster, tmp_path: Path) -> None:
    """A new index is a proven revision; what the history makes already, and what it does not know, is SQL; source is a patch."""
    directory = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, directory)
    source = tmp_path / "app.py"
    source.write_text("one\nexecute('SET x')\n")
    made = repair(
        [
            _finding("CREATE INDEX found_late ON public.profiles (user_id, created_at)"),
            _finding("ALTER TABLE public.profiles FORCE ROW LEVEL SECURITY"),
            _finding("ALTER TABLE public.elsewhere FORCE ROW LEVEL SECURITY"),
            _finding("DROP TABLE public.profiles", mechanical=False),
            _finding(edit=Edit(Place(str(source), 2), "SET ", "SET LOCAL ")),
        ],
        directory,
        lambda: shadow.Cluster(cluster.admin_dsn, APP),
        tmp_path,
    )
    newest = load(directory).revisions[-1]
    assert [unit.mode for unit in newest.up.units] == [Mode.AUTOCOMMIT]
    assert newest.up.statements == (
        "CREATE INDEX CONCURRENTLY found_late ON public.profiles USING btree (user_id, created_at)",
    )
    assert newest.down.statements == ('DROP INDEX CONCURRENTLY "public"."found_late"',)
    assert made.sql == tmp_path / SQL_FILE
    written = (tmp_path / SQL_FILE).read_text()
    assert "public.profiles FORCE" in written
    assert "public.elsewhere FORCE" in written
    assert "DROP" not in written
    assert "+execute('SET LOCAL x')" in (tmp_path / PATCH_FILE).read_text()


def test_nothing_mechanical_writes_nothing(cluster: Cluster, tmp_path: Path) -> None:
    """A decision is a person's."""
    made = repair(
        [_finding("DROP TABLE public.x", mechanical=False)],
        tmp_path,
        lambda: shadow.Cluster(cluster.admin_dsn, APP),
        tmp_path,
    )
    assert made.files == ()
    assert list(tmp_path.iterdir()) == []
