"""What DDL was seen to make, kept for the next time: the same DDL on the same server makes the same facts.

So a check that finds nothing needs no server at all. Only hashes are kept, and only agreement is believed: whatever
differs, or was never seen, is looked at on a server. What else decides about facts is part of the key: the server's
program, what `bootstrap` makes, and the queries that read facts. Losing the directory costs time, nothing else.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from freehold.catalog import queries
from freehold.errors import ServerError
from freehold.migrations.history import History
from freehold.server import fingerprint, packaged

_KEPT: Final = 100
_FORM: Final = re.compile(r"[0-9a-f]{64} \d+")


@dataclass(frozen=True)
class Recall:
    """The hashes kept in ``directory``, for one ``server``, as `of` knows it."""

    directory: Path
    server: str

    @classmethod
    def of(cls, directory: Path, app: str) -> Self | None:
        """For the embedded server and the roles of ``app``; None where no server's programs are installed."""
        try:
            program = (packaged() / "postgres").stat()
        except (OSError, ServerError):
            return None
        parts = (str(program.st_size), str(program.st_mtime_ns), fingerprint(app), queries())
        return cls(directory, _digest(parts))

    def facts(self, statements: Sequence[str]) -> str | None:
        """Hash and major version of what ``statements`` make of an empty database, as `Script.facts` has them."""
        try:
            text = self._file(statements).read_text(encoding="ascii").strip()
        except (OSError, ValueError):
            return None
        return text if _FORM.fullmatch(text) else None

    def keep(self, statements: Sequence[str], facts: str) -> None:
        """Keeps that; does nothing where the directory cannot be written."""
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            (self.directory / ".gitignore").write_text("*\n", encoding="ascii")
            kept = (path for path in self.directory.iterdir() if path.name != ".gitignore")
            for old in sorted(kept, key=lambda path: path.stat().st_mtime)[:-_KEPT]:
                old.unlink(missing_ok=True)
            file = self._file(statements)
            beside = file.with_suffix(".new")
            beside.write_text(f"{facts}\n", encoding="ascii")
            beside.replace(file)
        except OSError:
            return

    def agrees(self, statements: Sequence[str], history: History) -> bool:
        """Whether ``statements`` were seen to make what the head of ``history`` makes.

        The head's facts are believed while the file that holds them is there: `accept` removes it.
        """
        if history.kept is None or not history.revisions:
            return False
        return self.facts(statements) == history.revisions[-1].up.facts

    def _file(self, statements: Sequence[str]) -> Path:
        return self.directory / _digest((self.server, *statements))


def _digest(parts: Sequence[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
