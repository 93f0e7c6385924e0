"""The oldest supported server: what the newest generated and proved is applied, undone and applied there."""

from __future__ import annotations

from pathlib import Path

import pytest

from freehold.migrations import Options, migrate, rollback
from freehold.migrations.generate import Permission, generate
from freehold.migrations.shadow import Cluster
from freehold.server import EmbeddedServer, bootstrap, create_database
from freehold.wire import connect
from tests.integration.migrations.conftest import APP, BASE, LOGINS
from tests.integration.migrations.test_units import TWELVE

OLDEST = Path("/usr/lib/postgresql/15/bin")


@pytest.mark.slow
def test_every_kind_of_unit_runs_on_the_oldest_server(cluster: Cluster, tmp_path: Path) -> None:
    """Its facts are compared by what there is, as it prints expressions in its own way."""
    if not OLDEST.exists():
        pytest.skip("PostgreSQL 15 is not installed")
    history, permission = tmp_path / "history", Permission(sign_off="tested")
    generate(BASE, history, "base", cluster)
    generate(
        (*BASE, *TWELVE, "alter table plain alter id type bigint"), history, "twelve", cluster, permission=permission
    )
    with EmbeddedServer.start(tmp_path / "oldest", durable=False, binaries=OLDEST) as server:
        with connect(server.admin_dsn()) as admin:
            create_database(admin, "shop")
        with connect(server.admin_dsn("shop")) as admin:
            bootstrap(admin, APP, {role: server.password(role) for role in LOGINS})
        dsn = server.dsn(f"{APP}_owner", "shop")
        first = migrate(dsn, history, Options(verify=True))
        assert len(first.revisions) == 2
        assert rollback(dsn, history) == first.head
        assert migrate(dsn, history, Options(verify=True)).revisions == (first.head,)
