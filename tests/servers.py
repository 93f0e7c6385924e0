"""The servers that tests run on: the embedded one or the one that FREEHOLD_TEST_DSN names, and those of older versions."""

from __future__ import annotations

import hashlib
import os
import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import quote, urlsplit, urlunsplit

import pytest

from freehold.server import EmbeddedServer, exclusive
from freehold.testing.workshop import VARIABLE

PROGRAMS: Final = "FREEHOLD_TEST_PROGRAMS"
_DEBIAN: Final = Path("/usr/lib/postgresql")


class Server(Protocol):
    """What tests ask of a server, as `EmbeddedServer` has it."""

    def admin_dsn(self, database: str = ...) -> str:
        """The URL of the superuser."""
        ...

    def dsn(self, role: str, database: str) -> str:
        """The URL of ``role``."""
        ...

    def password(self, role: str) -> str:
        """The password that ``role`` is to have."""
        ...

    def stop(self) -> None:
        """Ends this hold."""
        ...


@dataclass(frozen=True)
class GivenServer:
    """The one that ``url``, a superuser's, names; the passwords of its roles are those of one run."""

    url: str
    run: Path

    def admin_dsn(self, database: str = "postgres") -> str:
        """The URL of the superuser."""
        return self._at(database, urlsplit(self.url).netloc)

    def dsn(self, role: str, database: str) -> str:
        """The URL of ``role``; a URL, as the variables that commands read take it."""
        host = urlsplit(self.url).netloc.rpartition("@")[2]
        return self._at(database, f"{quote(role, safe='')}:{self.password(role)}@{host}")

    def password(self, role: str) -> str:
        """The same in every process of the run."""
        path = self.run / "secret"
        with exclusive(self.run / "secret.lock"):
            if not path.exists():
                path.touch(mode=0o600)
                path.write_text(secrets.token_hex(32))
        return hashlib.sha256(f"{path.read_text()} {role}".encode()).hexdigest()

    def stop(self) -> None:
        """It is not ours to stop."""

    def _at(self, database: str, place: str) -> str:
        parts = urlsplit(self.url)
        return urlunsplit((parts.scheme, place, f"/{quote(database, safe='')}", parts.query, ""))


def given(run: Path) -> GivenServer | None:
    """The server that FREEHOLD_TEST_DSN names."""
    url = os.environ.get(VARIABLE)
    return GivenServer(url, run) if url else None


def server(run: Path, name: str) -> Server:
    """The server that is given, or the embedded one of ``name`` in the directory of the run."""
    return given(run) or EmbeddedServer.start(run / name, durable=False)


def _older() -> dict[str, Path]:
    """Programs by major version; the ones that are named must be there."""
    debian = [
        place for version in ("15", "16", "17") if (place := _DEBIAN / version / "bin").joinpath("postgres").exists()
    ]
    named = [Path(each) for each in os.environ.get(PROGRAMS, "").split(os.pathsep) if each]
    return {_major(place): place for place in (*debian, *named)}


def _major(programs: Path) -> str:
    said = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True, check=True)
    return said.stdout.split()[2].partition(".")[0]


_OLDER: Final = _older()
OLDER: Final = tuple(sorted({"15", *_OLDER}))
"""The older versions that tests of older versions run on: the oldest, and what else is installed."""


def older(version: str) -> Path:
    """Its programs; skips the test where they are not installed."""
    if version not in _OLDER:
        pytest.skip(f"PostgreSQL {version} is not installed in {_DEBIAN / version}, nor named by {PROGRAMS}")
    return _OLDER[version]
