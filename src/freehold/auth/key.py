"""A signing key in a file of its own: made once, whole or not at all, and readable by its owner only."""

from __future__ import annotations

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from freehold.errors import Code, ConfigurationError

KEY_BYTES: Final = 32


def key_in(path: Path) -> bytes:
    """The 32 bytes in ``path``, made at random if there is no such file.

    Of several processes that make it at once, all get the same key. Raises `ConfigurationError` (FH302) for a
    file that others can read, that is no key, or that cannot be read or written.
    """
    try:
        with suppress(FileExistsError):
            if not path.exists():
                _make(path)
        return _read(path)
    except OSError as error:
        raise _unusable(path, error.strerror or "it cannot be read", "Make its directory writable.") from None


def _make(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    ignore = path.parent / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n")
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        # A link, unlike a rename, leaves the key of whoever came first.
        os.link(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise _unusable(path, "others can read it", f"chmod 600 {path}, or delete it: a new one is made.")
        key = file.read(KEY_BYTES + 1)
    if len(key) != KEY_BYTES:
        raise _unusable(path, "it is not 32 bytes", "Delete it: a new one is made, and everybody signs in again.")
    return key


def _unusable(path: Path, reason: str, hint: str) -> ConfigurationError:
    return ConfigurationError(Code.SETTING_INVALID, f"The session key {path} cannot be used.", detail=reason, hint=hint)
