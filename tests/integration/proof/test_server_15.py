"""The proof on the oldest server that is supported, where it is installed: the same matrix as on the newest."""

from __future__ import annotations

from pathlib import Path

import pytest

from freehold.proof import prove
from freehold.proof.clone import Cluster, clone, from_database, from_statements
from freehold.server import EmbeddedServer, packaged
from freehold.wire import connect
from tests.attack.platform import REVISIONS, TABLES
from tests.cluster import APP

DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")


@pytest.mark.slow
@pytest.mark.skipif(not DEBIAN_15.exists(), reason=f"PostgreSQL 15 is not installed in {DEBIAN_15}")
def test_the_platform_is_as_declared_on_15(tmp_path: Path) -> None:
    """Every cell, every guard; what older servers do otherwise would be a cell that differs.

    A live schema is read there by the newest pg_dump, which writes settings that 15 does not know.
    """
    with EmbeddedServer.start(tmp_path / "server", durable=False, binaries=DEBIAN_15) as server:
        passwords = {role: server.password(role) for role in (APP, f"{APP}_owner")}
        cluster = Cluster(server.admin_dsn, server.dsn, APP, passwords)
        with clone(cluster, from_statements(REVISIONS)) as made, connect(made.login_dsn) as login:
            with clone(cluster, from_database(made.owner_dsn, packaged() / "pg_dump")) as copy:
                copied = copy.admin.execute("SELECT to_regclass('public.tasks') IS NOT NULL").fetchone()
            proof = prove(made.admin, login, TABLES)
    assert proof.server.startswith("15.")
    assert copied == (True,)
    assert list(proof.unsound()) == []
    assert (proof.gaps, proof.untested_policies, proof.untested_guards) == ((), (), ())
