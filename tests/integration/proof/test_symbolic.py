"""The symbolic proof on a clone that was attacked: of the platform, and of what leaks."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Table

from freehold.proof import Proof, prove
from freehold.proof.symbolic import confirmed
from freehold.wire import connect
from tests.cluster import APP, Cluster
from tests.integration.proof.test_any_schema import leaks, owned

BASE = "CREATE TABLE {0} (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), user_id uuid NOT NULL)"
LEAKY = (
    BASE.format("sound"),
    *owned("sound"),
    BASE.format("leaky"),
    *owned("leaky"),
    "CREATE POLICY everybody ON leaky FOR SELECT TO anon USING (true)",
    "GRANT SELECT ON leaky TO anon",
)


def counts(proof: Proof) -> dict[str, int]:
    """How many verdicts came to what."""
    return {word: int(number) for number, word in (each.split(" ", 1) for each in proof.symbolic.split(", "))}


@pytest.mark.slow
def test_it_finds_the_leak_that_was_executed(cluster: Cluster, bare: str) -> None:
    """And proves the table that is sound; nothing is contradicted."""
    with cluster.clone(bare) as endpoints:
        name = str(conninfo_to_dict(endpoints.login)["dbname"])
        with connect(endpoints.owner or "") as owner:
            for statement in LEAKY:
                owner.execute(statement.encode())
        with connect(cluster.admin_dsn(name)) as admin, connect(endpoints.login) as login:
            proof = confirmed(prove(admin, login, ()), cluster.admin_dsn(name), APP, ())
    assert leaks(proof, "public.leaky") >= {"anon"}
    assert (proof.disagreements, counts(proof)) == ((), {"proven": 4, "leaks": 1, "undecided": 1})


@pytest.mark.slow
def test_the_platform_is_proven_both_ways(
    cluster: Cluster, whole: Proof, platform: tuple[str, Sequence[Table]]
) -> None:
    """Nearly all is decided, nothing leaks, what everybody may read is as declared, and nothing is contradicted."""
    template, tables = platform
    with cluster.clone(template) as endpoints:
        name = str(conninfo_to_dict(endpoints.login)["dbname"])
        proof = confirmed(whole, cluster.admin_dsn(name), APP, tables)
    assert (proof.disagreements, proof.sound, proof.complete) == ((), True, True)
    found = counts(proof)
    assert "leaks" not in found
    assert found["open as declared"] == 2
    assert found["proven"] > 10 * found["undecided"]
