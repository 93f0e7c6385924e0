"""``freehold keys`` as a shell meets it, on the way from a database of the Node platform to one where all is sealed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg.errors import CheckViolation

from freehold.server import Endpoints
from freehold.wire import connect
from tests.cluster import Cluster
from tests.integration.sealing.conftest import ALICE, BOB, KEYS, RING, SECOND
from tests.integration.sealing.test_keys import old

MODELS = """
from freehold import Col, Model, Sealed, owner, primary_key, sealed

class Connector(Model):
    __tablename__ = "connectors"
    id: Col[str] = primary_key()
    user_id: Col[str] = owner()
    env: Col[Sealed[dict[str, str]] | None] = sealed(default=None, legacy=True)
    secret: Col[Sealed[str] | None] = sealed(default=None, legacy=True)
"""
READ = """
import asyncio, os, shop
from sqlalchemy import select
from freehold import Database

async def read():
    async with Database(os.environ["DATABASE_URL"]) as db:
        rows = await db.as_user(os.environ["READER"]).all(select(shop.Connector).order_by(shop.Connector.id))
        print([(row.env and row.env.reveal(), row.secret and row.secret.reveal()) for row in rows])

asyncio.run(read())
"""

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def endpoints(cluster: Cluster) -> Iterator[Endpoints]:
    """The logins of a database without tables."""
    with cluster.clone(cluster.template("empty")) as endpoints:
        yield endpoints


@pytest.fixture
def run(tmp_path: Path, endpoints: Endpoints) -> Run:
    """Runs Python in a project of its own, ``freehold`` by default; keywords are environment variables."""
    clean = {name: value for name, value in os.environ.items() if "DATABASE_URL" not in name and "FREEHOLD" not in name}
    logins = {
        "DATABASE_URL": endpoints.login,
        "SERVICE_DATABASE_URL": endpoints.service or "",
        "OWNER_DATABASE_URL": endpoints.owner or "",
    }
    settings = {"FREEHOLD_MODELS": "shop", "FREEHOLD_ENV": "test", "FREEHOLD_KEYS": KEYS}

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *(arguments if arguments[0] == "-c" else ("-m", "freehold.cli", *arguments))]
        return subprocess.run(  # noqa: PLW1510 - the exit code is what is looked at
            command,
            cwd=tmp_path,
            env={**clean, **logins, **settings, **variables},
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


@pytest.mark.slow
def test_taking_over_a_database_of_the_node_platform(run: Run, endpoints: Endpoints, tmp_path: Path) -> None:
    """Old values of every shape are read, counted, sealed, and then refused by a CHECK that was validated."""
    (tmp_path / "shop.py").write_text(MODELS)
    made = run("generate", "-m", "taken over")
    assert made.returncode == 0, made.stderr
    assert run("migrate").returncode == 0
    _put(endpoints, ALICE, [(old('{"A": "b"}'), old("s1")), ('{"C": "d"}', old("s2")), (None, None)])
    _put(endpoints, BOB, [(None, old("bob's"))])
    seen = "[({'A': 'b'}, 's1'), ({'C': 'd'}, 's2'), (None, None)]"
    assert run("-c", READ, READER=ALICE).stdout.strip() == seen

    found = _json(run("keys", "status", "--json"), 3)
    assert {each["column"]: each["unauthenticated"] for each in found["columns"]} == {
        "connectors.env": 2,
        "connectors.secret": 3,
    }
    dry = _json(run("keys", "migrate-legacy", "--dry-run", "--json"))
    assert [(each["total"], each["sealed"]) for each in dry] == [(2, 0), (3, 0)]
    assert _json(run("keys", "status", "--json"), 3) == found
    assert [each["sealed"] for each in _json(run("keys", "migrate-legacy", "--json"))] == [2, 3]
    settled = _json(run("keys", "status", "--json"))
    assert [(each["keys"], each["unauthenticated"]) for each in settled["columns"]] == [({"u1": 2}, 0), ({"u1": 3}, 0)]

    (tmp_path / "shop.py").write_text(MODELS.replace(", legacy=True", ""))
    made = run("generate", "-m", "only sealed")
    assert made.returncode == 0, made.stderr
    text = next((tmp_path / "migrations" / "versions").glob("*only_sealed.up.sql")).read_text().upper()
    assert 0 < text.index("NOT VALID") < text.index("VALIDATE CONSTRAINT")
    assert run("migrate").returncode == 0
    assert run("check").returncode == 0
    assert run("-c", READ, READER=ALICE).stdout.strip() == seen
    assert run("-c", READ, READER=BOB).stdout.strip() == '[(None, "bob\'s")]'
    with pytest.raises(CheckViolation):
        _put(endpoints, BOB, [(None, old("late"))])


@pytest.mark.slow
def test_exit_codes_and_what_is_printed(run: Run, endpoints: Endpoints, cluster: Cluster, tmp_path: Path) -> None:
    """Each failure has its code and no traceback, nothing prints a key but `new`, and what is dry changes nothing."""
    (tmp_path / "shop.py").write_text(MODELS)
    assert run("generate", "-m", "all").returncode == 0
    assert run("migrate").returncode == 0
    _put(endpoints, ALICE, [(None, old("s1")), (None, "ab" * 16 + ":" + "cd" * 16)])
    runs = [
        _failed(run("keys", "status", FREEHOLD_KEYS=""), "FH501"),
        _failed(run("keys", "status", FREEHOLD_KEYS="nonsense"), "FH502"),
        _failed(run("keys", "migrate-legacy"), "FH511"),
        run("keys", "forget", ALICE),  # nobody is there to say yes
        run("keys", "rotate", "ring", "--dry-run", FREEHOLD_KEYS=_second()),
        run("keys", "status", FREEHOLD_KEYS=_second()),
        run("keys", "rotate", "user", ALICE),
        run("keys", "forget", ALICE, "--yes"),
    ]
    assert [each.returncode for each in runs] == [1, 1, 1, 1, 0, 3, 0, 0]
    assert "1 sealed anew" in runs[6].stdout
    assert "connectors.secret" in runs[7].stdout
    for each in runs:
        for secret in (RING, SECOND):
            assert secret.text.rpartition(":")[2] not in each.stdout + each.stderr
        assert "Traceback" not in each.stderr
    assert run("keys", "new", "--id", "k9").stdout.startswith("k9:primary:")


def _second() -> str:
    return f"{SECOND.text}, {KEYS.replace('primary', 'active')}"


def _put(endpoints: Endpoints, owner: str, values: list[tuple[str | None, str | None]]) -> None:
    """Rows as the old platform left them."""
    with connect(endpoints.service or "") as service:
        service.execute(b"set role service_role")
        for number, (env, secret) in enumerate(values):
            service.execute(
                b"insert into public.connectors (id, user_id, env, secret) values (%s, %s, %s, %s)",
                (f"{owner[-4:]}-{number}", owner, env, secret),
            )


def _json(done: subprocess.CompletedProcess[str], code: int = 0) -> Any:
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def _failed(done: subprocess.CompletedProcess[str], code: str) -> subprocess.CompletedProcess[str]:
    assert done.stderr.startswith(code), done.stderr
    return done
