"""`freehold prove` as a shell meets it: on a server that is given, with the exit code that a CI job relies on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from freehold.server import Endpoints
from freehold.wire import connect
from tests.cluster import APP, Cluster

ROOT = Path(__file__).parents[3]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def live(cluster: Cluster) -> Iterator[Endpoints]:
    """A database without tables."""
    with cluster.clone(cluster.template("bare")) as endpoints:
        yield endpoints


@pytest.fixture
def freehold(cluster: Cluster, live: Endpoints, tmp_path: Path) -> Run:
    """Runs ``freehold prove`` for the profiles, on the server of this run."""
    clean = {name: value for name, value in os.environ.items() if "DATABASE_URL" not in name and "FREEHOLD" not in name}
    environment = {
        **clean,
        "ADMIN_DATABASE_URL": cluster.admin_dsn("postgres"),
        "DATABASE_URL": live.login,
        "OWNER_DATABASE_URL": live.owner or "",
        "FREEHOLD_APP": APP,
        "FREEHOLD_MODELS": "examples.profiles.models",
        "FREEHOLD_MIGRATIONS": str(ROOT / "examples" / "profiles" / "migrations"),
        "PYTHONPATH": str(ROOT),
        "COLUMNS": "80",
    }

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "freehold.cli", "prove", "--no-symbolic", *arguments]
        return subprocess.run(  # noqa: PLW1510 - the exit code is what is looked at
            command, cwd=tmp_path, env={**environment, **variables}, capture_output=True, text=True, timeout=120
        )

    return run


@pytest.mark.slow
def test_what_is_as_declared_exits_with_nothing_to_do(freehold: Run, tmp_path: Path) -> None:
    """The matrix fits 80 columns, and the same is written as JSON; a live database that lacks the table is incomplete."""
    shown = freehold("--output", "proof.json")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert "PROVEN" in shown.stdout
    assert max(map(len, shown.stdout.splitlines())) <= 80
    document = json.loads((tmp_path / "proof.json").read_text())
    assert [table["name"] for table in document["tables"]] == ["public.profiles", "public.profiles: closed columns"]
    empty = freehold("--from", "database", "--json")
    assert empty.returncode == 4, empty.stderr
    assert [gap["name"] for gap in json.loads(empty.stdout)["not_proven"]] == ["public.profiles"]


@pytest.mark.slow
def test_a_live_database_that_differs_is_found(freehold: Run, live: Endpoints) -> None:
    """Its schema is read, not its rows, and what somebody changed by hand is a cell that differs."""
    with connect(live.owner or "") as owner:
        (script,) = (ROOT / "examples" / "profiles" / "migrations" / "versions").glob("*.up.sql")
        owner.execute(script.read_text().encode())
        owner.execute("CREATE POLICY open ON public.profiles FOR SELECT TO authenticated USING (true)")
    found = freehold("--from", "database", "--markdown")
    assert found.returncode == 3, found.stderr
    assert "public.profiles: SELECT bare as other: declared denied, found allowed" in found.stdout
    with connect(live.owner or "") as owner:
        assert owner.execute("SELECT to_regnamespace('freehold_proof')").fetchone() == (None,)


@pytest.mark.slow
def test_an_administrator_without_the_right_is_refused(freehold: Run, live: Endpoints) -> None:
    """A login that could not look at every row proves nothing, and says so."""
    refused = freehold(ADMIN_DATABASE_URL=live.owner or "")
    assert refused.returncode == 1
    assert refused.stderr.startswith(("FH810 ", "FH307 "))
