"""Commands as a shell meets them, on the way from a database of the Node platform to one where all is sealed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from psycopg.errors import CheckViolation

from freehold.server import Endpoints
from freehold.wire import connect
from tests.cluster import Cluster
from tests.integration.sealing.conftest import ALICE, BOB, KEYS
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
READ = f"""
USERS = ("{ALICE}", "{BOB}")
import asyncio, os, shop
from sqlalchemy import select
from freehold import Database

async def read():
    async with Database(os.environ["DATABASE_URL"]) as db:
        for user in USERS:
            rows = await db.as_user(user).all(select(shop.Connector).order_by(shop.Connector.id))
            print([(row.env and row.env.reveal(), row.secret and row.secret.reveal()) for row in rows], end=" ")

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
    seen = "[({'A': 'b'}, 's1'), ({'C': 'd'}, 's2'), (None, None)] [(None, \"bob's\")]"
    assert run("-c", READ).stdout.strip() == seen
    sealed = run("keys", "migrate-legacy", "--json")
    assert [each["sealed"] for each in json.loads(sealed.stdout)] == [2, 3]

    (tmp_path / "shop.py").write_text(MODELS.replace(", legacy=True", ""))
    made = run("generate", "-m", "only sealed")
    assert made.returncode == 0, made.stderr
    text = next((tmp_path / "migrations" / "versions").glob("*only_sealed.up.sql")).read_text().upper()
    assert 0 < text.index("NOT VALID") < text.index("VALIDATE CONSTRAINT")
    assert run("migrate").returncode == 0
    assert run("check").returncode == 0
    assert run("-c", READ).stdout.strip() == seen
    with pytest.raises(CheckViolation):
        _put(endpoints, BOB, [(None, old("late"))])


def _put(endpoints: Endpoints, owner: str, values: list[tuple[str | None, str | None]]) -> None:
    """Rows as the old platform left them."""
    with connect(endpoints.service or "") as service:
        service.execute(b"set role service_role")
        for number, (env, secret) in enumerate(values):
            service.execute(
                b"insert into public.connectors (id, user_id, env, secret) values (%s, %s, %s, %s)",
                (f"{owner[-4:]}-{number}", owner, env, secret),
            )
