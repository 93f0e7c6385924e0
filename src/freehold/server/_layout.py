"""What lies where under the server's directory, and that it is ours before anything is written.

.gitignore        keeps all of this out of version control
credentials.json  the passwords; its presence says that the directory is ours
lock, lease       see ``_lease``
postgres/         the data directory
postgres.log      what the server says
run/              the socket
"""

from __future__ import annotations

import hashlib
import os
import socket
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from freehold.errors import Code, ServerError
from freehold.server._unprivileged import Account, may_search

_SOCKET: Final = ".s.PGSQL.5432"
# sockaddr_un holds 108 bytes on Linux and 104 on macOS, with the final NUL.
_LONGEST_SOCKET: Final = 100
# What may lie there before credentials.json does: a start was interrupted, or is going on.
_SCAFFOLD: Final = frozenset({".gitignore", "lock", "lease", "credentials.json.new"})


@dataclass(frozen=True)
class Layout:
    """The paths under ``directory``, which is absolute."""

    directory: Path
    account: Account | None

    @property
    def lock(self) -> Path:
        return self.directory / "lock"

    @property
    def lease(self) -> Path:
        return self.directory / "lease"

    @property
    def credentials(self) -> Path:
        return self.directory / "credentials.json"

    @property
    def data(self) -> Path:
        return self.directory / "postgres"

    @property
    def log(self) -> Path:
        return self.directory / "postgres.log"

    @property
    def sockets(self) -> Path:
        """The socket directory: ``run``, or a private one under the temporary directory.

        The latter when the path is too long for a socket, or holds a comma, which separates hosts for libpq.
        """
        return self._sockets_parent / "run"

    @property
    def _sockets_parent(self) -> Path:
        if "," not in str(self.directory) and _fits(self.directory):
            return self.directory
        name = f"freehold-{os.geteuid()}-{hashlib.sha256(os.fsencode(self.directory)).hexdigest()[:16]}"
        temporary = Path(tempfile.gettempdir()) / name
        return temporary if _fits(temporary) else Path("/tmp") / name  # noqa: S108 (a directory of our own, checked)

    @property
    def socket_lock(self) -> Path:
        return self.sockets / f"{_SOCKET}.lock"

    def listening(self) -> bool:
        """Whether a server listens on the socket."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(os.fsencode(self.sockets / _SOCKET))
            except OSError:
                return False
        return True

    def claim(self) -> None:
        """Makes the directory, or makes sure that it is ours.

        Raises `ServerError`: FH304 when something else lies there, FH305 when it cannot be written.
        """
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = {entry.name for entry in self.directory.iterdir()}
            if self.credentials.name not in found and not found <= _SCAFFOLD:
                raise occupied(self.directory, f"It contains {', '.join(sorted(found - _SCAFFOLD)[:3])}.")
            self._open_to_account(self.directory)
            if ".gitignore" not in found:
                (self.directory / ".gitignore").write_text("*\n")
        except (FileExistsError, NotADirectoryError):
            raise occupied(self.directory, "It is a file, not a directory.") from None
        except OSError as error:
            raise unwritable(self.directory, error) from None

    def furnish(self) -> None:
        """Makes the socket directory and the log, for the account that the server runs as."""
        try:
            self._sockets_parent.mkdir(mode=0o700, exist_ok=True)
            self._refuse_strange(self._sockets_parent)
            self._open_to_account(self._sockets_parent)
            self.sockets.mkdir(mode=0o700, exist_ok=True)
            self.log.touch(mode=0o600)
            self.give(self.sockets)
            self.give(self.log)
        except OSError as error:
            raise unwritable(self.directory, error) from None

    def clear(self) -> None:
        """Removes the socket directory where it is a substitute outside ours, once it is empty."""
        if self._sockets_parent != self.directory:
            with suppress(OSError):
                self.sockets.rmdir()
                self._sockets_parent.rmdir()

    def give(self, path: Path) -> None:
        """Hands ``path`` to the account that the server runs as."""
        if self.account:
            os.chown(path, self.account.uid, self.account.gid, follow_symlinks=False)

    def _open_to_account(self, path: Path) -> None:
        """Lets the account pass through a directory that is ours and root's, and see nothing: group, search only."""
        if self.account and not may_search(self.account, path) and path.stat().st_uid == 0:
            os.chown(path, 0, self.account.gid)
            path.chmod(0o710)

    def _refuse_strange(self, path: Path) -> None:
        # The temporary directory belongs to everybody: someone else's directory there could hold a false server.
        if path.is_symlink() or path.stat().st_uid != os.geteuid():
            raise occupied(path, "It belongs to another user.")


def _fits(parent: Path) -> bool:
    return len(os.fsencode(parent / "run" / _SOCKET)) <= _LONGEST_SOCKET


def occupied(path: Path, detail: str) -> ServerError:
    """FH304: what lies at ``path`` is not freehold's, and stays untouched."""
    return ServerError(
        Code.DIRECTORY_OCCUPIED,
        f"The directory {path} is not one of freehold's embedded server.",
        detail=detail,
        hint="Set FREEHOLD_DIRECTORY to a new or empty directory, or move what lies there away.",
    )


def unwritable(path: Path, error: OSError) -> ServerError:
    """FH305: the file system refused."""
    return ServerError(
        Code.SERVER_START,
        f"The directory {path} cannot be used for the embedded server.",
        detail=f"{error.strerror or 'failed'}: {error.filename or path}",
        hint=f"Make it writable (chmod u+rwx {path}; chown it to you), or set FREEHOLD_DIRECTORY to another.",
    )
