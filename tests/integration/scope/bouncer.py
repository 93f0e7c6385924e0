"""A PgBouncer in transaction mode in front of the tests' server."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from freehold.server._unprivileged import account, through

_SECONDS = 20.0


@contextmanager
def bouncer(program: str, dsn: str, servers: int) -> Iterator[str]:
    """The DSN of a pooler that has ``servers`` connections for the login of ``dsn``."""
    parts = conninfo_to_dict(dsn)
    directory = Path(tempfile.mkdtemp(prefix="fhb-"))  # a socket's path must be short
    (directory / "users").write_text(f'"{parts["user"]}" "{parts["password"]}"\n')
    (directory / "ini").write_text(
        f"[databases]\n* = host={parts['host']} port={parts.get('port', 5432)}\n[pgbouncer]\n"
        f"listen_addr =\nlisten_port = 6432\nunix_socket_dir = {directory}\nauth_type = scram-sha-256\n"
        f"auth_file = {directory / 'users'}\npool_mode = transaction\ndefault_pool_size = {servers}\n"
        f"logfile = {directory / 'log'}\n"
    )
    process = subprocess.Popen(_command(program, directory), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(process, directory)
        yield make_conninfo(dsn, host=str(directory), port=6432)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(directory, ignore_errors=True)


def _command(program: str, directory: Path) -> list[str]:
    """PgBouncer refuses to run as root; another account needs leave to read what root's tests have written."""
    command = [program, "--quiet", str(directory / "ini")]
    who = account(directory)
    if who is None:
        return command
    for path in (directory, *directory.iterdir()):
        os.chown(path, who.uid, who.gid)
    return through(who, command, capability=True)


def _wait(process: subprocess.Popen[bytes], directory: Path) -> None:
    deadline = time.monotonic() + _SECONDS
    while not (directory / ".s.PGSQL.6432").exists():
        log = directory / "log"
        said = log.read_text() if log.exists() else ""
        assert process.poll() is None, f"pgbouncer ended: {said}"
        assert time.monotonic() < deadline, f"pgbouncer does not listen: {said}"
        time.sleep(0.01)
