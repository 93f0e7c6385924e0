"""Older servers: what the newest generated and proved is applied, undone and applied there."""

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
from tests.servers import OLDER, older

# MAINTAIN is among them where the revision is generated, and unknown before PostgreSQL 17.
EVERYTHING = (
    "grant all on tasks to service_role",
    "alter default privileges in schema extra grant all on tables to service_role",
)


@pytest.mark.slow
@pytest.mark.parametrize("version", OLDER)
def test_every_kind_of_unit_runs_on_an_older_server(version: str, cluster: Cluster, tmp_path: Path) -> None:
    """Its facts are compared by what there is, as it prints expressions in its own way."""
    programs = older(version)
    history, permission = tmp_path / "history", Permission(sign_off="tested")
    generate(BASE, history, "base", cluster)
    changes = (*TWELVE, "alter table plain alter id type bigint", *EVERYTHING)
    generate((*BASE, *changes), history, "twelve", cluster, permission=permission)
    with EmbeddedServer.start(tmp_path / "older", durable=False, binaries=programs) as server:
        with connect(server.admin_dsn()) as admin:
            create_database(admin, "shop")
        with connect(server.admin_dsn("shop")) as admin:
            bootstrap(admin, APP, {role: server.password(role) for role in LOGINS})
        dsn = server.dsn(f"{APP}_owner", "shop")
        first = migrate(dsn, history, Options(verify=True))
        assert len(first.revisions) == 2
        assert rollback(dsn, history) == first.head
        assert migrate(dsn, history, Options(verify=True)).revisions == (first.head,)
        with connect(dsn) as owner:
            assert owner.execute("select has_table_privilege('service_role', 'tasks', 'TRUNCATE')").fetchone() == (
                True,
            )
