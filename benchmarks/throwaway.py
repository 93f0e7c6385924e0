"""A database on an embedded server of its own, which goes with the block."""

from __future__ import annotations

import gc
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from freehold.server import EmbeddedServer, bootstrap, create_database
from freehold.wire import connect

_ROLES: Final = ("bench", "bench_service", "bench_owner")


@contextmanager
def database_with(statements: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The logins of the application and of the service, in a new database in which the owner has run ``statements``."""
    with (
        tempfile.TemporaryDirectory(prefix="fhs-") as directory,
        EmbeddedServer.start(Path(directory), durable=False) as server,
    ):
        with connect(server.admin_dsn()) as admin:
            create_database(admin, "bench")
        with connect(server.admin_dsn("bench")) as admin:
            bootstrap(admin, "bench", {name: server.password(name) for name in _ROLES})
        with connect(server.dsn("bench_owner", "bench")) as own:
            for statement in statements:
                own.execute(statement.encode())
        gc.collect()
        yield server.dsn("bench", "bench"), server.dsn("bench_service", "bench")
