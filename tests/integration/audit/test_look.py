"""An audit of whole projects: what it finds, what it says it could not look at, and what it writes to mend it."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr

import examples.profiles
from freehold.audit import adopted
from freehold.audit.found import Surface
from freehold.audit.look import look
from freehold.audit.looked import Looked, Request
from freehold.audit.render.html_page import to_html
from freehold.audit.report import Report
from freehold.migrations.history import load
from freehold.migrations.manifest import seal
from freehold.server import EmbeddedServer
from freehold.settings import Settings
from freehold.wire import connect
from tests.cluster import APP, OWNER, Cluster
from tests.integration.audit.conftest import CLEAN
from tests.prefork import Prefork

Audit = Callable[..., Looked]
Project = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def database(cluster: Cluster) -> Iterator[dict[str, str]]:
    """The URLs of a clean database of its own."""
    with cluster.clone(cluster.template("audit", *CLEAN)) as endpoints:
        name = str(conninfo_to_dict(endpoints.login)["dbname"])
        yield {"login": endpoints.login, "owner": endpoints.owner or "", "admin": cluster.admin_dsn(name)}


@pytest.fixture
def audit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Audit:
    """Audits from a folder of its own; keywords are settings."""
    monkeypatch.chdir(tmp_path)

    def audited(*surfaces: Surface, sources: tuple[Path, ...] = (), pgrls: bool = False, **settings: object) -> Looked:
        given = {
            name: SecretStr(value) if isinstance(value, str) and "url" in name else value
            for name, value in settings.items()
        }
        made = Settings(**{"app": APP, "directory": tmp_path / ".freehold", "models": None, **given})  # type: ignore[arg-type]
        return look(Request(made, frozenset(surfaces), sources, pgrls=pgrls))

    return audited


def _rules(looked: Looked) -> set[str]:
    return {each.rule.id for each in looked.seen.values()} - {"AU504"}


def _needed(looked: Looked) -> list[str]:
    return [f"{gap.what}: {gap.why}" for gap in looked.gaps if gap.needed]


def test_no_connection_is_a_gap_and_never_clean(audit: Audit) -> None:
    """With the code of what went wrong, and without the password."""
    looked = audit(
        Surface.DATABASE,
        database_url="postgresql://fhtest:s3cret@127.0.0.1:1/x",
        owner_database_url="postgresql://fhtest_owner:s3cret@127.0.0.1:1/x",
    )
    assert any("FH307" in gap for gap in _needed(looked))
    assert not Report.of(looked, (), 0.1).complete
    assert "s3cret" not in repr(looked.gaps)


def test_a_revision_that_is_no_sql_is_a_gap(audit: Audit, tmp_path: Path) -> None:
    """Edited by hand and accepted: rules read text, and what they cannot read they would find nothing in."""
    directory = tmp_path / "migrations"
    shutil.copytree(Path(examples.profiles.__path__[0]) / "migrations", directory)
    assert not any("SQL" in gap for gap in _needed(audit(Surface.SOURCE, migrations=directory)))
    path = min((directory / "versions").glob("*.up.sql"))
    path.write_text(path.read_text().replace("FORCE ROW LEVEL SECURITY", "FORCE ROW LEVEL SEKURITY"))
    seal(directory)
    assert any("SEKURITY" in gap for gap in _needed(audit(Surface.SOURCE, migrations=directory)))


def test_what_is_missing_is_applied_and_what_is_strange_is_kept(audit: Audit, database: dict[str, str]) -> None:
    """--fix makes no half of a table, without its policies, and drops nothing that somebody made."""
    with connect(database["owner"]) as owner:
        owner.execute("create view strange as select 1 as one")
    looked = audit(
        Surface.DATABASE,
        migrations=Path(examples.profiles.__path__[0]) / "migrations",
        database_url=database["login"],
        owner_database_url=database["owner"],
    )
    fixes = {each.found.subject: each.found.fix for each in looked.seen.values() if each.rule.id == "AU811"}
    assert "freehold migrate" in fixes["table public.profiles"].text
    assert not fixes["table public.profiles"].sql
    assert fixes["view public.strange"].sql == ('DROP VIEW "public"."strange"',)
    assert not fixes["view public.strange"].mechanical


def test_the_login_alone_sees_the_catalog(audit: Audit, database: dict[str, str]) -> None:
    """Without the owner's URL the rules still look; what there is to compare with is missing, and said."""
    with connect(database["owner"]) as owner:
        owner.execute(b"alter table public.notes no force row level security")
    looked = audit(Surface.DATABASE, database_url=database["login"])
    assert _rules(looked) == {"AU104"}
    assert [gap.split(":")[0] for gap in _needed(looked)] == ["whether the database is what was declared"]


def test_a_login_without_privileges_on_the_catalog_is_a_gap(audit: Audit, database: dict[str, str]) -> None:
    """A hardened server says no; so does the report."""
    with connect(database["admin"]) as admin:
        admin.execute(b"revoke select on pg_catalog.pg_policy from public")
    looked = audit(Surface.DATABASE, database_url=database["login"], owner_database_url=database["owner"])
    assert [gap for gap in _needed(looked) if gap.startswith("the database: FH351")]


def test_a_login_that_cannot_be_a_caller_leaves_plans_unseen(audit: Audit, database: dict[str, str]) -> None:
    """EXPLAIN runs as the caller; where that is impossible it is a gap, not an error and not silence."""
    looked = audit(Surface.DATABASE, database_url=database["owner"], owner_database_url=database["owner"])
    assert any(gap.startswith("the plan of") for gap in _needed(looked))


def test_a_database_without_our_roles_is_not_called_clean(audit: Audit, database: dict[str, str]) -> None:
    """Nothing can be said about what callers reach where there are no callers."""
    looked = audit(
        Surface.DATABASE, database_url=database["owner"], owner_database_url=database["owner"], app="nobody_here"
    )
    assert any("the server has no role nobody_here" in gap for gap in _needed(looked))


def test_a_host_s_database_is_looked_at_but_for_its_schemas(audit: Audit, database: dict[str, str]) -> None:
    """Supabase's own schemas are left out, and that is said."""
    with connect(database["admin"]) as admin:
        admin.execute(
            b"create table auth.users (id uuid); create schema storage; create table storage.objects (id int)"
        )
        admin.execute(b"grant select on storage.objects to anon")
        admin.execute(f"grant all on schema storage to {OWNER}".encode())
    looked = audit(Surface.DATABASE, database_url=database["login"], owner_database_url=database["owner"])
    assert _rules(looked) == set()
    assert any("Supabase" in gap.why for gap in looked.gaps)


def test_models_that_cannot_be_loaded_are_a_gap(audit: Audit, tmp_path: Path) -> None:
    """Not importable, refused, or not named at all."""
    (tmp_path / "au_broken.py").write_text("import nothing_of_this_name\n")
    (tmp_path / "au_refused.py").write_text(
        "from freehold import Col, Model\n\nclass Lost(Model):\n    __tablename__ = 'lost_of_audit'\n    id: Col[str]\n"
    )
    assert any("FH401" in gap for gap in _needed(audit(Surface.MODELS, models="au_broken")))
    assert any("FH401" in gap for gap in _needed(audit(Surface.MODELS)))
    refused = audit(Surface.MODELS, models="au_refused")
    assert _rules(refused) == {"AU100"}
    assert any("every other model" in gap for gap in _needed(refused))


@pytest.mark.skipif(not adopted.installed(), reason="pgrls is an extra")
def test_pgrls_is_merged_and_its_absence_is_said(
    audit: Audit, database: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What both find is one finding; what only pgrls finds has a number; without it the audit works and says so."""
    with connect(database["owner"]) as owner:
        owner.execute(b"alter table public.notes disable row level security")
        owner.execute(b"alter policy notes_delete on public.notes using (current_user = title)")
    urls = {"database_url": database["login"], "owner_database_url": database["owner"]}
    both = audit(Surface.DATABASE, pgrls=True, **urls)
    about = [each for each in both.seen.values() if each.rule.id == "AU103"]
    assert len(about) == 1
    assert "pgrls" not in about[0].found.message
    assert "AU904" in _rules(both)
    monkeypatch.setattr(adopted, "installed", lambda: False)
    alone = audit(Surface.DATABASE, pgrls=True, **urls)
    assert "AU904" not in _rules(alone)
    assert "AU103" in _rules(alone)
    assert any("not installed" in gap.why for gap in alone.gaps)


MODELS = """
from datetime import datetime
from uuid import UUID
from freehold import Col, Model, created_at, owner, primary_key, column

class Note(Model):
    __tablename__ = "notes"
    id: Col[UUID] = primary_key()
    user_id: Col[UUID] = owner()
    title: Col[str]
    status: Col[str] = column(default="new")
    created_at: Col[datetime] = created_at()
"""
SOURCE = """
from freehold import query
from sqlalchemy import select
from shop import Note

@query
def recent(status: str):
    return select(Note).where(Note.status == status).order_by(Note.created_at.desc())

def become(cursor):
    cursor.execute("SET ROLE authenticated")
"""


@pytest.fixture
def project(tmp_path: Path, prefork: Prefork, workshop: Path) -> Project:
    """A project with models, a query without an index, and a mistake; runs ``freehold`` in it."""
    (tmp_path / "shop.py").write_text(MODELS)
    (tmp_path / "store.py").write_text(SOURCE)

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(tmp_path),
            "FREEHOLD_MODELS": "shop",
            "FREEHOLD_ENV": "test",
            "FREEHOLD_DIRECTORY": str(workshop),
            **variables,
        }
        return prefork.run(tmp_path, *arguments, environment=environment)

    return run


@pytest.fixture
def _served(workshop: Path) -> Iterator[None]:
    """The projects' own server runs."""
    with EmbeddedServer.start(workshop / "server", durable=False):
        yield


@pytest.mark.slow
@pytest.mark.usefixtures("_served")
def test_from_findings_to_a_clean_audit(project: Project, tmp_path: Path) -> None:
    """Found, mended by what --fix writes, verified by what the report says, and clean with exit code 0."""
    assert project("generate", "-m", "notes").returncode == 0
    assert project("migrate").returncode == 0
    first = project("audit", "--json", "--fix", "--no-pgrls")
    assert first.returncode == 3, first.stderr
    report: dict[str, Any] = json.loads(first.stdout)
    assert {each["rule"] for each in report["findings"]} == {"AU504", "AU604", "AU701"}
    assert report["complete"] is True
    (script,) = (tmp_path / "migrations" / "versions").glob("*audit_fixes.up.sql")
    assert "CREATE INDEX CONCURRENTLY notes_user_id_status_created_at_idx ON public.notes" in script.read_text()
    applied = subprocess.run(["git", "apply", "freehold-audit.patch"], cwd=tmp_path, check=False)
    assert applied.returncode == 0
    assert 'cursor.execute("SET LOCAL ROLE authenticated")' in (tmp_path / "store.py").read_text()
    assert project("migrate").returncode == 0
    models = (tmp_path / "shop.py").read_text()
    (tmp_path / "shop.py").write_text(
        models.replace("from uuid", "from sqlalchemy import Index\nfrom uuid").replace(
            '__tablename__ = "notes"\n',
            '__tablename__ = "notes"\n    __table_args__ = (Index("notes_user_id_status_created_at_idx", '
            '"user_id", "status", "created_at"),)\n',
        )
    )
    second = project("audit", "--no-pgrls")
    assert second.returncode == 0, second.stdout
    (tmp_path / "before.json").write_text(first.stdout)
    (tmp_path / "store.py").write_text(SOURCE + "\ndef more(cursor):\n    cursor.execute('RESET ROLE; SET ROLE x')\n")
    worse = project("audit", "source", "--against", "before.json", "--format", "markdown")
    assert worse.returncode == 3
    assert worse.stdout.count("**new**") == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("audit", "source", "--source", "nowhere"), "FH803"),
        (("audit", "source", "--matrix", "nowhere.json"), "FH802"),
        (("audit", "source", "--baseline", "nowhere.json"), "FH801"),
    ],
)
def test_wrong_arguments_are_one_error(project: Project, arguments: tuple[str, ...], code: str) -> None:
    """A code and a hint, exit code 1, no traceback."""
    failed = project(*arguments)
    assert failed.returncode == 1
    assert failed.stderr.startswith(f"{code} ")
    assert "Traceback" not in failed.stderr


def test_exit_code_4_says_that_not_everything_was_checked(project: Project, tmp_path: Path) -> None:
    """Nothing found in what could be read, and one file that could not."""
    (tmp_path / "store.py").write_text("def (\n")
    done = project("audit", "source")
    assert done.returncode == 4, done.stdout
    assert "store.py" in done.stdout


def test_revisions_are_read_as_text(audit: Audit, tmp_path: Path) -> None:
    """What nobody signed off is found at its line; an edited one is found too, and the rest of the history is a gap."""
    versions = tmp_path / "migrations" / "versions"
    versions.mkdir(parents=True)
    script = "-- freehold: revision 5d1f0a7c9e22\n-- freehold: unit transaction\n-- freehold: statement\n"
    for way in ("up", "down"):
        (versions / f"5d1f0a7c9e22_open.{way}.sql").write_text(
            f"{script}ALTER TABLE notes NO FORCE ROW LEVEL SECURITY;\n"
        )
    seal(tmp_path / "migrations")
    ((_, each),) = audit(Surface.SOURCE, migrations=tmp_path / "migrations").seen.items()
    assert (each.rule.id, str(each.found.place)) == ("AU832", "migrations/versions/5d1f0a7c9e22_open.up.sql:4")
    (versions / "5d1f0a7c9e22_open.up.sql").write_text(script)
    edited = audit(Surface.SOURCE, migrations=tmp_path / "migrations")
    assert _rules(edited) == {"AU834"}
    assert any(gap.startswith("the revisions: FH402") for gap in _needed(edited))


def test_the_page_draws_the_tables(audit: Audit, database: dict[str, str]) -> None:
    """A box for each table, coloured by its protection, in words as well."""
    with connect(database["owner"]) as owner:
        owner.execute(b'create table public."<leak>" (id int); grant select on public."<leak>" to anon')
    looked = audit(Surface.DATABASE, database_url=database["login"], owner_database_url=database["owner"])
    page = to_html(Report.of(looked, (Surface.DATABASE,), 0.1))
    assert '<g class="table forced"><title>public.notes: row security forced, with an owner</title>' in page
    assert '<g class="table open"><title>public.&lt;leak&gt;: reachable without row security</title>' in page


@pytest.mark.parametrize("example", ["profiles", "coding_agents"])
def test_the_examples_audit_clean(cluster: Cluster, project: Project, example: str) -> None:
    """Models, source, and the database that the revisions make, of both applications: nothing found, nothing unseen."""
    root = Path(__file__).parents[3]
    migrations = root / "examples" / example / "migrations"
    template = cluster.template(
        f"audit_{example}", *(each for revision in load(migrations).revisions for each in revision.up.statements)
    )
    with cluster.clone(template) as endpoints:
        done = project(
            *("audit", "all", "--json", "--source", str(root / "examples" / example)),
            PYTHONPATH=str(root),
            FREEHOLD_MODELS=f"examples.{example}.models",
            FREEHOLD_MIGRATIONS=str(migrations),
            FREEHOLD_APP=APP,
            DATABASE_URL=endpoints.login,
            OWNER_DATABASE_URL=endpoints.owner or "",
        )
    report: dict[str, Any] = json.loads(done.stdout)
    assert [each["message"] for each in report["findings"] if each["rule"] != "AU504"] == []
    assert report["complete"] is True
