"""Proofs of schemas that were made on purpose, each on a clone of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Table

from freehold.proof import Proof, prove
from freehold.wire import connect
from tests.attack.platform import REVISIONS, TABLES
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
    """The template of the platform, from its revisions, and its tables."""
    return cluster.template("platform", *REVISIONS), TABLES


@pytest.fixture(scope="session")
def whole(proven: Prover, platform: tuple[str, Sequence[Table]]) -> Proof:
    """The proof of the platform as its models declare it."""
    return proven(platform[0], tables=platform[1])
