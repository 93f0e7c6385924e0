"""Proofs of schemas that were made on purpose, each on a clone of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Table

from examples.coding_agents import models
from freehold.proof import Proof, prove
from freehold.wire import connect
from tests.attack.platform import MODELS
from tests.cluster import Cluster

Prover = Callable[..., Proof]


@pytest.fixture(scope="session")
def proven(cluster: Cluster) -> Prover:
    """Proves a template after some statements of the tables' owner, against what ``tables`` declare."""

    def run(template: str, *statements: str, tables: Sequence[Table] = ()) -> Proof:
        with cluster.clone(template) as endpoints:
            name = str(conninfo_to_dict(endpoints.login)["dbname"])
            with connect(endpoints.owner or "") as owner:
                for statement in statements:
                    owner.execute(statement.encode())
            with connect(cluster.admin_dsn(name)) as admin, connect(endpoints.login) as login:
                return prove(admin, login, tables)

    return run


@pytest.fixture(scope="session")
def bare(cluster: Cluster) -> str:
    """A database without tables."""
    return cluster.template("bare")


@pytest.fixture(scope="session")
def platform(cluster: Cluster) -> tuple[str, Sequence[Table]]:
    """The template of the platform, from its revision, and its tables; other tests may have declared more."""
    (script,) = (Path(models.__file__).parent / "migrations" / "versions").glob("*.up.sql")
    tables = [table for table in models.User.metadata.sorted_tables if table.name in MODELS]
    return cluster.template("proven", script.read_text()), tables
