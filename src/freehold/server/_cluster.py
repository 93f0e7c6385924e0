"""One data directory: made whole or not at all, started, looked at, stopped."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from freehold.errors import Code, ServerError
from freehold.server._binaries import Binaries
from freehold.server._layout import Layout, unwritable

SUPERUSER: Final = "postgres"

# Passwords are 256 random bits, so stretching them protects nothing and would cost every connection milliseconds.
_SCRAM_ITERATIONS: Final = 1
_START_SECONDS: Final = 120
# Backends that outlive a killed postmaster end themselves in a moment; until then their memory is in use.
_ORPHANS: Final = "pre-existing shared memory block"
_ORPHANS_SECONDS: Final = 20.0
_STOP_SECONDS: Final = 60.0
_LONGEST_LOG: Final = 8 * 1024 * 1024
_PROCESSES: Final = Path("/proc")
_CONFIGURATION: Final = "freehold.conf"
_HBA: Final = "# Only the socket, only with a password.\nlocal all all scram-sha-256\n"
# fsync stays on by default: a crash of the operating system must neither corrupt data nor lose a commit.
_FAST: Final = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"


@dataclass(frozen=True)
class Cluster:
    """The data directory of ``layout`` under ``binaries``; used only inside `exclusive`."""

    layout: Layout
    binaries: Binaries

    def create(self, password: str, *, durable: bool) -> None:
        """Makes the data directory beside its place and moves it there when it is complete."""
        unfinished = self.layout.data.with_name("postgres.new")
        secret = self.layout.sockets / "password"
        try:
            if unfinished.exists():  # ours: an earlier initdb was killed
                shutil.rmtree(unfinished)
            unfinished.mkdir(mode=0o700)
            secret.unlink(missing_ok=True)
            secret.touch(mode=0o600)
            secret.write_text(password)
            self.layout.give(unfinished)
            self.layout.give(secret)
            done = self.binaries.run("initdb", *self._options(unfinished, secret, durable=durable))
            if done.returncode != 0:
                raise self._failed("PostgreSQL's initdb failed.", done.stderr or done.stdout)
            (unfinished / "pg_hba.conf").write_text(_HBA)
            with (unfinished / "postgresql.conf").open("a") as file:
                file.write(f"include '{_CONFIGURATION}'\n")
            unfinished.rename(self.layout.data)
        except OSError as error:
            raise unwritable(self.layout.directory, error) from None
        finally:
            secret.unlink(missing_ok=True)

    def _options(self, data: Path, secret: Path, *, durable: bool) -> list[str]:
        major = self.binaries.major
        options = [f"--pgdata={data}", f"--username={SUPERUSER}", f"--pwfile={secret}", "--encoding=UTF8"]
        options += ["--auth=scram-sha-256", "--data-checksums", "--no-instructions"]
        # The builtin provider (17+) sorts by code point on every machine, so an index never depends on its libc.
        options += ["--locale-provider=builtin", "--locale=C.UTF-8"] if major >= 17 else ["--locale=C.UTF-8"]
        if major >= 16:
            options += ["--set", f"scram_iterations={_SCRAM_ITERATIONS}"]
        return options if durable else [*options, "--no-sync"]

    def require_version(self) -> None:
        """Raises FH305 when the data directory is of another major version than the programs."""
        try:
            found = (self.layout.data / "PG_VERSION").read_text().strip()
        except OSError as error:
            raise unwritable(self.layout.data, error) from None
        if found != str(self.binaries.major):
            raise ServerError(
                Code.SERVER_START,
                f"{self.layout.data} is of PostgreSQL {found}; the programs are {self.binaries.version}.",
                detail="A data directory belongs to one major version.",
                hint=f"Install the programs of version {found} to dump it, or set FREEHOLD_DIRECTORY to a new one.",
            )

    def start(self, *, durable: bool) -> None:
        """Starts the server and waits until it answers; recovers from a crash on the way."""
        self.layout.furnish()
        self._forget_dead_process()
        self._rotate_log()
        configuration = self.layout.data / _CONFIGURATION
        configuration.write_text(self._configuration(durable=durable))
        self.layout.give(configuration)
        deadline = time.monotonic() + _ORPHANS_SECONDS
        while (said := self._launch()) is not None:
            if _ORPHANS not in said or time.monotonic() > deadline:
                raise self._failed("PostgreSQL did not start.", said)
            time.sleep(0.05)

    def _launch(self) -> str | None:
        """Runs ``pg_ctl start``; None when the server is up, else what it said."""
        before = self.layout.log.stat().st_size
        # Relative paths: pg_ctl hands them to a shell, and a directory's name may hold anything.
        arguments = ("--wait", f"--timeout={_START_SECONDS}", f"--pgdata={self.layout.data.name}")
        done = self.binaries.run("pg_ctl", *arguments, f"--log={self.layout.log.name}", "start")
        if done.returncode == 0:
            return None
        log = self.layout.log.read_bytes()[before:].decode(errors="replace")
        return log or done.stderr or done.stdout

    def _configuration(self, *, durable: bool) -> str:
        scram = f"scram_iterations = {_SCRAM_ITERATIONS}\n" if self.binaries.major >= 16 else ""
        return (
            "# Written by freehold at every start.\n"
            "listen_addresses = ''\n"
            f"unix_socket_directories = {_quoted(self.layout.sockets)}\n"
            "unix_socket_permissions = 0700\n"
            "max_connections = 200\n"
            "log_checkpoints = off\n"
            f"{scram}{'' if durable else _FAST}"
        )

    def process(self) -> int | None:
        """The process id of the running server, or None."""
        pid = self._recorded_process()
        return pid if pid and _runs_in(pid, self.layout.data) else None

    def present(self) -> bool:
        """Whether the server listens, after waiting for one that is just starting or stopping.

        The socket decides: the kernel knows who listens, also where the process is another container's.
        """
        deadline = time.monotonic() + _START_SECONDS
        while self.process() and self._recorded(8) != "ready" and time.monotonic() < deadline:
            time.sleep(0.01)
        return self.layout.listening()

    def stop(self) -> None:
        """Stops the server as ``pg_ctl stop -m fast`` does (manual 18.5), by SIGINT, and waits for its end.

        Raises `ServerError` (FH306) when it is still there after a minute.
        """
        deadline = time.monotonic() + _STOP_SECONDS
        pid = self.process()
        if pid:
            os.kill(pid, signal.SIGINT)
        while pid and self.process() == pid:
            if time.monotonic() > deadline:
                raise ServerError(
                    Code.SERVER_STOP,
                    f"PostgreSQL (process {pid}) has not stopped within a minute.",
                    hint=f"kill -QUIT {pid} ends it at once; it recovers at the next start.",
                )
            time.sleep(0.005)
        self.layout.clear()

    def _recorded(self, line: int) -> str | None:
        try:
            return (self.layout.data / "postmaster.pid").read_text().splitlines()[line - 1].strip()
        except (OSError, IndexError):
            return None

    def _recorded_process(self) -> int | None:
        recorded = self._recorded(1)
        return abs(int(recorded)) if recorded and recorded.lstrip("-").isdigit() else None

    def _forget_dead_process(self) -> None:
        """Removes lock files whose process id belongs to a zombie or, since a reboot, to another program.

        PostgreSQL recovers by itself only when no process of the same user has the number. It still refuses, by the
        shared memory (``_ORPHANS``), while a backend of the old server lives; and nobody listens: see `present`.
        """
        if not self.process():
            (self.layout.data / "postmaster.pid").unlink(missing_ok=True)
            self.layout.socket_lock.unlink(missing_ok=True)

    def _rotate_log(self) -> None:
        if self.layout.log.stat().st_size > _LONGEST_LOG:
            self.layout.log.replace(self.layout.log.with_name("postgres.log.1"))
            self.layout.furnish()

    def _failed(self, message: str, said: str) -> ServerError:
        return ServerError(
            Code.SERVER_START,
            message,
            detail="\n".join(said.strip().splitlines()[-10:]),
            hint=f"The whole log is {self.layout.log}.",
        )


def _quoted(path: Path) -> str:
    """``path`` as one element of a list in postgresql.conf (manual 19.1.1)."""
    element = str(path).replace('"', '""')
    return "'\"" + element.replace("\\", "\\\\").replace("'", "''").replace("\n", "\\n") + "\"'"


def _runs_in(pid: int, data: Path) -> bool:
    """Whether process ``pid`` is a server of ``data``: PostgreSQL works in its data directory."""
    if (_PROCESSES / "self").exists():
        try:
            return (_PROCESSES / str(pid) / "cwd").samefile(data)
        except OSError:
            return False
    shown = subprocess.run(["ps", "-o", "comm=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return "postgres" in shown.stdout
