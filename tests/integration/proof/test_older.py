"""The proof on older servers, where they are installed: the same matrix as on the newest."""

from __future__ import annotations

from pathlib import Path

import pytest

from freehold.proof import prove
from freehold.proof.clone import Cluster, clone, from_database, from_statements
from freehold.server import EmbeddedServer, packaged
from freehold.wire import connect
from tests.attack.platform import REVISIONS, TABLES
from tests.cluster import APP
from tests.servers import OLDER, older


@pytest.mark.slow
@pytest.mark.parametrize("version", OLDER)
def test_the_platform_is_as_declared_on_an_older_server(version: str, tmp_path: Path) -> None:
    """Every cell, every guard; what older servers do otherwise would be a cell that differs.

    A live schema is read there by the newest pg_dump, which writes settings that 15 does not know.
    """
    programs = older(version)
    with EmbeddedServer.start(tmp_path / "server", durable=False, binaries=programs) as server:
        passwords = {role: server.password(role) for role in (APP, f"{APP}_owner")}
        cluster = Cluster(server.admin_dsn, server.dsn, APP, passwords)
        with clone(cluster, from_statements(REVISIONS)) as made, connect(made.login_dsn) as login:
            with clone(cluster, from_database(made.owner_dsn, packaged() / "pg_dump")) as copy:
                copied = copy.admin.execute("SELECT to_regclass('public.tasks') IS NOT NULL").fetchone()
            proof = prove(made.admin, login, TABLES)
    assert proof.server.startswith(f"{version}.")
    assert copied == (True,)
    assert list(proof.unsound()) == []
    assert (proof.gaps, proof.untested_policies, proof.untested_guards) == ((), (), ())
