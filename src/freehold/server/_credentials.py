"""The embedded server's passwords: 256 random bits for each role, in a file that only its owner can read."""

from __future__ import annotations

import json
import os
import secrets
from contextlib import nullcontext
from pathlib import Path
from typing import cast

from freehold.server._layout import occupied
from freehold.server._lease import exclusive


class Credentials:
    """Passwords by role, kept in ``path``; each is made when first asked for, under ``lock``."""

    def __init__(self, path: Path, lock: Path) -> None:
        self._path = path
        self._lock = lock
        self._passwords = self._read() if path.exists() else {}

    def password(self, role: str, *, locked: bool = False) -> str:
        """The password of ``role``; ``locked``: the caller holds the lock."""
        if role not in self._passwords:
            with nullcontext() if locked else exclusive(self._lock):
                self._add(role)
        return self._passwords[role]

    def _add(self, role: str) -> None:
        # Another process may have added roles since this one read the file.
        self._passwords = self._read() if self._path.exists() else {}
        if role not in self._passwords:
            self._passwords[role] = secrets.token_hex(32)
            self._write()

    def _read(self) -> dict[str, str]:
        try:
            content: object = json.loads(self._path.read_text())
        except ValueError:
            content = None
        passwords = cast("dict[str, object]", content).get("passwords") if isinstance(content, dict) else None
        if not isinstance(passwords, dict):
            raise occupied(self._path.parent, "Its credentials.json is not one that freehold wrote.")
        return {str(role): str(each) for role, each in cast("dict[object, object]", passwords).items()}

    def _write(self) -> None:
        fresh = self._path.with_name(f"{self._path.name}.new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump({"passwords": self._passwords}, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)

    def __repr__(self) -> str:
        return f"<Credentials of {len(self._passwords)} roles>"
