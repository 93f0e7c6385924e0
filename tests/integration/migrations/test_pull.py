"""Models from a database: what its migrations made comes back as models that make the same, or is said to be missing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from freehold.catalog import Snapshot, apart, diff
from freehold.migrations.history import load
from freehold.migrations.shadow import Cluster
from freehold.pull import Pulled, pull
from tests.integration.migrations.existing import DRIZZLE

ROOT = Path(__file__).parents[3]
DDL = """
import json, runpy, sys
from freehold.models import Model, schema_statements
runpy.run_path(sys.argv[1])
print(json.dumps(schema_statements(Model.metadata)))
"""


def statements(source: str, directory: Path) -> list[str]:
    """The DDL of a module of models, made by a process of its own."""
    path = directory / "pulled.py"
    path.write_text(source)
    made = subprocess.run(
        [sys.executable, "-c", DDL, str(path)], capture_output=True, text=True, check=False, timeout=60
    )
    assert made.returncode == 0, made.stderr
    found: list[str] = json.loads(made.stdout)
    return found


def facts_of(cluster: Cluster, *ddl: str) -> Snapshot:
    """What DDL makes on a scratch database."""
    with cluster.database() as shadow:
        return shadow.try_out(ddl)


def again(cluster: Cluster, pulled: Pulled, directory: Path) -> Snapshot:
    """What the pulled models make."""
    return facts_of(cluster, *statements(pulled.source, directory))


@pytest.mark.parametrize("example", ["coding_agents", "profiles"])
def test_an_examples_migrations_come_back(cluster: Cluster, tmp_path: Path, example: str) -> None:
    """generate has nothing to do for the pulled models: every fact of the example's history is in them."""
    facts = load(ROOT / "examples" / example / "migrations").facts
    assert facts
    pulled = pull(facts, example)
    assert diff(facts, again(cluster, pulled, tmp_path)) == ()
    assert pulled.remarks == ()


def test_drizzle(cluster: Cluster, tmp_path: Path) -> None:
    facts = facts_of(cluster, *DRIZZLE)
    pulled = pull(facts, "x")
    print(pulled.source)
    for r in pulled.remarks:
        print(r.kind, r)
    for c in diff(apart(facts).own, again(cluster, pulled, tmp_path)):
        print(c)
    assert 0
