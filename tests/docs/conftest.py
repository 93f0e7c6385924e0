"""A reader for every page: a process that has imported freehold, and a database without tables."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

import freehold
from freehold.server import EmbeddedServer, Endpoints
from freehold.wire import connect
from tests.cluster import APP, Cluster, run_directory
from tests.docs.page import ROOT, Follow, Step

_READER = Path(__file__).with_name("reader.py")
_URLS = ("DATABASE_URL", "SERVICE_DATABASE_URL", "OWNER_DATABASE_URL")
_EMPTY = b"""
do $$ declare name text; begin
    for name in select format('%I', tablename) from pg_tables where schemaname = 'public' loop
        execute 'drop table public.' || name || ' cascade';
    end loop;
    for name in select oid::regprocedure from pg_proc where pronamespace = 'public'::regnamespace loop
        execute 'drop function ' || name;
    end loop;
end $$
"""


@pytest.fixture(scope="session")
def reader() -> Iterator[subprocess.Popen[str]]:
    """The process that follows pages."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FREEHOLD_", "PG", *_URLS))}
    source = str(Path(freehold.__file__).parents[1])
    command = [sys.executable, "-W", "error", str(_READER)]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, env={**kept, "PYTHONPATH": source, "NO_COLOR": "1"}, text=True
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture(scope="session")
def worn(cluster: Cluster) -> Iterator[Endpoints]:
    """A database that the pages of a worker take turns with, because copying one costs more than most pages do."""
    with cluster.clone(cluster.template("docs")) as endpoints:
        yield endpoints


@pytest.fixture
def follow(
    reader: subprocess.Popen[str], worn: Endpoints, pytestconfig: pytest.Config, tmp_path: Path
) -> Iterator[Follow]:
    """Follows the steps of a page in a directory and a database of its own."""
    with ExitStack() as stack:

        def followed(page: str, steps: list[Step]) -> list[dict[str, Any]]:
            if any(step.kind == "command" for step in steps):
                environment = _embedded(page, run_directory(pytestconfig), tmp_path, stack)
            else:
                environment = _emptied(worn)
            asked = {"root": str(ROOT), "directory": str(tmp_path), "environment": environment}
            return _ask(reader, {**asked, "steps": [asdict(step) for step in steps]})

        yield followed


def _ask(reader: subprocess.Popen[str], asked: dict[str, Any]) -> list[dict[str, Any]]:
    assert reader.stdin is not None
    assert reader.stdout is not None
    reader.stdin.write(json.dumps(asked) + "\n")
    reader.stdin.flush()
    answer: dict[str, Any] = json.loads(reader.stdout.readline())
    assert "crash" not in answer, answer["crash"]
    done: list[dict[str, Any]] = answer["done"]
    return done


def _emptied(endpoints: Endpoints) -> dict[str, str]:
    """A database without tables, by its URLs."""
    with connect(endpoints.owner or "") as owner:
        owner.execute(_EMPTY)
    urls = (endpoints.login, endpoints.service or "", endpoints.owner or "")
    return {**dict(zip(_URLS, urls, strict=True)), "FREEHOLD_APP": APP}


def _embedded(page: str, run: Path, directory: Path, stack: ExitStack) -> dict[str, str]:
    """No URL, so the embedded server: the run's, which is running, so that no command has to start one."""
    (directory / ".freehold").symlink_to(run)
    for name in ("server", "shadow"):
        stack.enter_context(EmbeddedServer.start(run / name, durable=False))
    app = "".join(letter for letter in Path(page).stem.lower() if letter.isalpha())
    return {"FREEHOLD_APP": f"docs_{app}"}
