"""The command line as a shell meets it: exit codes, errors without tracebacks, JSON where a machine reads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from freehold.server import EmbeddedServer
from tests.cluster import APP, Cluster
from tests.prefork import Prefork

MODELS = """
from uuid import UUID
from freehold import Col, Model, owner, primary_key

class Note(Model):
    __tablename__ = "notes"
    id: Col[UUID] = primary_key()
    user_id: Col[UUID] = owner()
    text: Col[str]
"""
MISTAKEN = MODELS.replace("    user_id: Col[UUID] = owner()\n", "")

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Of a project of its own."""
    (tmp_path / "shop.py").write_text(MODELS)
    clean = {name: value for name, value in os.environ.items() if "DATABASE_URL" not in name and "FREEHOLD" not in name}
    return {**clean, "FREEHOLD_MODELS": "shop", "FREEHOLD_ENV": "test"}


@pytest.fixture
def process(environment: dict[str, str], tmp_path: Path) -> Run:
    """Runs ``freehold`` as a shell does; keywords are environment variables."""

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "freehold.cli", *arguments]
        return subprocess.run(  # noqa: PLW1510 - the exit code is what is looked at
            command, cwd=tmp_path, env={**environment, **variables}, capture_output=True, text=True, timeout=60
        )

    return run


@pytest.fixture
def project(environment: dict[str, str], prefork: Prefork, tmp_path: Path) -> Run:
    """Runs ``freehold`` in the project, which has its own embedded server."""
    return lambda *arguments, **variables: prefork.run(tmp_path, *arguments, environment={**environment, **variables})


@pytest.fixture
def freehold(project: Run, cluster: Cluster, workshop: Path) -> Iterator[Run]:
    """Runs ``freehold`` in the project, against an empty database of the run's server."""
    with cluster.clone(cluster.template("empty")) as endpoints:
        given = {
            "FREEHOLD_APP": APP,
            "FREEHOLD_DIRECTORY": str(workshop),
            "DATABASE_URL": endpoints.login,
            "OWNER_DATABASE_URL": endpoints.owner or "",
        }
        yield lambda *arguments, **variables: project(*arguments, **{**given, **variables})


def test_a_process_leaves_with_the_exit_code(process: Run, tmp_path: Path) -> None:
    """0 done, 1 an error, 2 a wrong command line, 3 something is left to do, 4 not everything was looked at."""
    assert process("--help").returncode == 0
    failed = process("migrate", FREEHOLD_ENV="production")
    assert (failed.returncode, failed.stderr[:6]) == (1, "FH301 ")
    assert process("generate").returncode == 2
    (tmp_path / "store.py").write_text("def (\n")
    assert process("audit", "source", "--source", "store.py").returncode == 4


def test_from_models_to_a_database_at_head(process: Run, project: Run, tmp_path: Path) -> None:
    """generate, migrate, status and check on the project's own server, each with the exit code a CI job relies on."""
    assert process("check").returncode == 3
    made = project("generate", "-m", "notes", "--json")
    assert made.returncode == 0, made.stderr
    revision = json.loads(made.stdout)["revision"]
    assert project("status").returncode == 3
    applied = project("migrate", "--json", "--verify")
    assert json.loads(applied.stdout) == {"revisions": [revision], "head": revision}
    with _kept_running(tmp_path / ".freehold"):
        assert project("status").returncode == 0
        assert project("check").returncode == 0
        assert "nothing to do" in project("migrate").stdout
        (tmp_path / "shop.py").write_text(MODELS + "    done: Col[bool]\n")
        refused = project("generate", "-m", "done")
    assert refused.returncode == 1
    assert refused.stderr.startswith("FH413 ")


@contextmanager
def _kept_running(directory: Path) -> Iterator[None]:
    """The project's servers, so that no command has to start one."""
    with ExitStack() as stack:
        for name in ("server", "shadow"):
            stack.enter_context(EmbeddedServer.start(directory / name, durable=False))
        yield


@pytest.mark.parametrize("last", ["raise SystemExit(0)", "import sys; sys.exit()"])
def test_models_that_exit_are_no_clean_check(process: Run, tmp_path: Path, last: str) -> None:
    """Exit code 0 of the import would be the command's: a CI job would take the models for checked."""
    (tmp_path / "shop.py").write_text(f"{MODELS}{last}\n")
    refused = process("check")
    assert (refused.returncode, refused.stderr[:6]) == (1, "FH401 ")


def test_a_file_that_cannot_be_used_is_no_traceback(process: Run, tmp_path: Path) -> None:
    """A report into a folder that is not there, a file in the place of the migrations: what it is, and what to see to."""
    (tmp_path / "taken").touch()
    refused = process("audit", "source", "--source", "shop.py", "--format", "html", "-o", "none/x.html")
    assert (refused.returncode, refused.stderr[:6]) == (1, "FH314 ")
    refused = process("check", FREEHOLD_MIGRATIONS="taken")
    assert (refused.returncode, refused.stderr[:6]) == (1, "FH314 ")


def test_each_command_says_where_it_goes_on(freehold: Run, tmp_path: Path) -> None:
    """Nothing yet, something pending, at the head and compared: no answer is empty, and each names what to run next."""
    empty = freehold("status")
    assert (empty.returncode, "freehold generate" in empty.stdout) == (0, True)
    assert freehold("repair").stderr.startswith("FH403 ")
    assert freehold("generate", "-m", "notes").returncode == 0
    assert freehold("status").stdout.endswith("Run: freehold migrate\n")
    assert freehold("migrate").returncode == 0
    assert "as its revisions make it" in freehold("migrate", "--verify").stdout
    assert "Run:" not in freehold("status").stdout
    (tmp_path / "shop.py").write_text(MODELS + "    done: Col[bool | None]\n")
    assert freehold("generate", "-m", "done").returncode == 0
    assert "rows not counted" in freehold("migrate", "--dry-run").stdout


def test_a_change_is_previewed_renamed_and_filled(freehold: Run, tmp_path: Path) -> None:
    """--dry-run runs nothing; a declared rename is one; backfill writes a revision that migrate runs."""
    assert freehold("generate", "-m", "notes").returncode == 0
    assert freehold("migrate").returncode == 0
    renamed = MODELS.replace("    text: Col[str]", '    body: Col[str] = column(renamed_from="text")')
    (tmp_path / "shop.py").write_text(renamed.replace("import Col,", "import Col, column,"))
    made = freehold("generate", "-m", "body")
    assert made.returncode == 0, made.stderr
    assert "renamed: column public.notes.text is now body" in made.stdout
    shown = freehold("migrate", "--dry-run")
    assert 'ALTER TABLE "public"."notes" RENAME COLUMN "text" TO "body"' in shown.stdout
    assert "locks public.notes (" in shown.stdout
    assert "Nothing was run." in shown.stdout
    assert freehold("status").returncode == 3
    filled = freehold("backfill", "notes", "--set", "body=trim(body)", "--where", "body <> trim(body)", "-m", "trim")
    assert filled.returncode == 0, filled.stderr
    assert freehold("migrate").returncode == 0
    assert freehold("check").returncode == 0
    assert freehold("backfill", "notes", "--set", "body", "--where", "true", "-m", "x").returncode == 2


def test_a_weakening_needs_a_reason(freehold: Run, tmp_path: Path) -> None:
    """Without one nothing is written; with one the revision says it, and check agrees."""
    assert freehold("generate", "-m", "notes").returncode == 0
    wider = """
    __policies__ = (Policy(Command.SELECT, to=Role.AUTHENTICATED, using=lambda t: t.text == "open"),)
"""
    imports = "from freehold import Col, Command, Model, Policy, Role, owner, primary_key"
    text = MODELS.replace("from freehold import Col, Model, owner, primary_key", imports)
    (tmp_path / "shop.py").write_text(text + wider)
    refused = freehold("generate", "-m", "open")
    assert refused.returncode == 1
    assert refused.stderr.startswith("FH418 ")
    made = freehold("generate", "-m", "open", "--sign-off", "asked for in review 12")
    assert made.returncode == 0, made.stderr
    (script,) = (tmp_path / "migrations" / "versions").glob("*_open.up.sql")
    assert "asked for in review 12" in script.read_text()
    assert freehold("check").returncode == 0


def test_edited_history_is_refused_until_it_is_accepted(freehold: Run, tmp_path: Path) -> None:
    """FH402 names the way out, and the way out works."""
    assert freehold("generate", "-m", "notes").returncode == 0
    (script,) = (tmp_path / "migrations" / "versions").glob("*.up.sql")
    script.write_text(script.read_text() + "\n-- a remark\n")
    refused = freehold("migrate")
    assert refused.returncode == 1
    assert refused.stderr.startswith("FH402 ")
    assert "freehold repair" in refused.stderr
    assert freehold("repair").returncode == 0
    assert freehold("migrate").returncode == 0


def test_a_mistake_in_a_model_is_shown_with_the_line_to_add(freehold: Run, tmp_path: Path) -> None:
    """As an error, not as a traceback; --traceback shows where."""
    (tmp_path / "shop.py").write_text(MISTAKEN)
    refused = freehold("generate", "-m", "notes")
    assert refused.returncode == 1
    assert refused.stderr.startswith("FH101 ")
    assert "user_id: Col[UUID] = owner()" in refused.stderr
    assert "Traceback" not in refused.stderr
    shown = freehold("--traceback", "generate", "-m", "notes")
    assert shown.returncode == 1
    assert "Traceback" in shown.stderr


@pytest.mark.parametrize(
    ("arguments", "variables", "code"),
    [
        (["generate", "-m", "x"], {"FREEHOLD_MODELS": "nowhere"}, "FH401"),
        (["generate", "-m", "x"], {"FREEHOLD_MODELS": ""}, "FH401"),
        (["migrate"], {"FREEHOLD_ENV": "production"}, "FH301"),
        (["migrate"], {"FREEHOLD_ENV": "elsewhere"}, "FH302"),
        (["migrate"], {"DATABASE_URL": "postgresql://app:s3cret@127.0.0.1:1/db"}, "FH301"),
        (
            ["status"],
            {
                "DATABASE_URL": "postgresql://app:s3cret@127.0.0.1:1/db",
                "OWNER_DATABASE_URL": "postgresql://app_owner:s3cret@127.0.0.1:1/db",
            },
            "FH307",
        ),
        (["status"], {"DATABASE_URL": "nonsense://s3cret", "OWNER_DATABASE_URL": "nonsense://s3cret"}, "FH302"),
        (["bootstrap"], {}, "FH301"),
    ],
)
def test_what_is_wrong_is_one_error(project: Run, arguments: list[str], variables: dict[str, str], code: str) -> None:
    """Code, message, hint; exit code 1; no traceback and no password."""
    failed = project(*arguments, **variables)
    assert failed.returncode == 1
    assert failed.stderr.startswith(f"{code} "), failed.stderr
    assert "hint:" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert "s3cret" not in failed.stderr + failed.stdout


def test_an_error_as_json(project: Run) -> None:
    """One object on standard error."""
    failed = project("migrate", "--json", FREEHOLD_ENV="production")
    assert failed.returncode == 1
    assert json.loads(failed.stderr)["code"] == "FH301"


def test_a_wrong_command_line(project: Run) -> None:
    """Exit code 2, as of every command."""
    assert project("generate").returncode == 2
    assert project("nonsense").returncode == 2


def test_an_occupied_directory_is_left_alone(project: Run, tmp_path: Path) -> None:
    """FH304, and what lies there stays."""
    taken = tmp_path / ".freehold" / "server"
    taken.mkdir(parents=True)
    (taken / "thesis.txt").write_text("mine")
    refused = project("migrate")
    assert refused.returncode == 1
    assert refused.stderr.startswith("FH304 ")
    assert (taken / "thesis.txt").read_text() == "mine"


@pytest.mark.slow
def test_models_are_pulled_and_a_history_is_squashed(freehold: Run, tmp_path: Path) -> None:
    """Models on standard output, what there is to know on standard error, and an exit code for each."""
    assert freehold("generate", "-m", "notes").returncode == 0
    assert freehold("migrate").returncode == 0
    pulled = freehold("pull")
    assert "generate has nothing to do" in pulled.stderr
    assert "class Note(Model):" in pulled.stdout
    told = json.loads(freehold("pull", "--json", "--no-compare", "--output", "pulled.py").stdout)
    assert (told["file"], told["tables"], told["remarks"]) == ("pulled.py", ["notes"], [])
    assert (tmp_path / "pulled.py").read_text() == pulled.stdout
    tracked = freehold("baseline")
    assert tracked.returncode == 1
    assert tracked.stderr.startswith("FH433 ")
    assert freehold("baseline", "--take-ownership").stderr.startswith("FH301 ")
    assert "create table if not exists freehold.ledger" in freehold("sql").stdout
    assert freehold("sql", "nonsense").stderr.startswith("FH436 ")
    done = "    done: Col[bool] = freehold.column(default=False)\n"
    (tmp_path / "shop.py").write_text(f"import freehold\n{MODELS}{done}")
    assert freehold("generate", "-m", "done").returncode == 0
    squashed = json.loads(freehold("squash", "-m", "all", "--json").stdout)
    assert len(squashed["replaces"]) == 2
    assert freehold("migrate", "--verify").returncode == 0
    assert json.loads(freehold("merge", "--json").stdout) is None
