"""Where the key ring comes from: the environment, a file, or whatever has a method `ring`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from freehold.encryption.ring import KeyRing, RingKey
from freehold.errors import Code, ConfigurationError

_OTHERS = 0o077


class KeyProvider(Protocol):
    """Gives the key ring; called once, in a thread, when it is first needed.

    For a key management service: keep the ring encrypted by the service's key beside the application, ask the
    service to decrypt it here, and give `KeyRing.parse` of the answer.
    """

    def ring(self) -> KeyRing:
        """The ring; raises `ConfigurationError` (FH501, FH502)."""
        ...


@dataclass(frozen=True, repr=False)
class TextKeys:
    """A ring as text, of the form that ``FREEHOLD_KEYS`` has."""

    text: str

    def ring(self) -> KeyRing:
        """The ring."""
        return KeyRing.parse(self.text)

    def __repr__(self) -> str:
        return "<TextKeys>"


@dataclass(frozen=True)
class EnvironmentKeys:
    """The ring in an environment variable, read when it is needed."""

    variable: str = "FREEHOLD_KEYS"

    def ring(self) -> KeyRing:
        """The ring."""
        text = os.environ.get(self.variable)
        if not text:
            raise missing()
        return KeyRing.parse(text)


@dataclass(frozen=True)
class FileKeys:
    """The ring in a file that only its owner may read; ``made``: with a new key if there is no file."""

    path: Path
    made: bool = False

    def ring(self) -> KeyRing:
        """The ring."""
        if self.made and not self.path.exists():
            self._make()
        try:
            mode, text = self.path.stat().st_mode, self.path.read_text(encoding="utf-8")
        except (OSError, UnicodeError):
            raise missing() from None
        if mode & _OTHERS:
            raise ConfigurationError(
                Code.KEYS_INVALID, "The file with the keys can be read by others.", hint=f"chmod 600 {self.path}"
            )
        return KeyRing.parse(text)

    def _make(self) -> None:
        """One file, whichever of several processes comes first: it appears under its name with the key in it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        new = self.path.with_name(f".{self.path.name}.{os.getpid()}.{os.urandom(4).hex()}")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(f"{RingKey.new('dev').text}\n")
            if not self.path.exists():
                os.link(new, self.path)
        except FileExistsError:
            pass
        finally:
            new.unlink()


@dataclass(frozen=True)
class NoKeys:
    """No ring: sealed columns are neither read nor written."""

    def ring(self) -> KeyRing:
        """Raises `ConfigurationError` (FH501)."""
        raise missing()


def missing() -> ConfigurationError:
    """The error for sealed columns without keys."""
    return ConfigurationError(
        Code.KEYS_MISSING,
        "There is no key ring, and a sealed column needs one.",
        hint="`freehold keys new` makes a key: set FREEHOLD_KEYS to it, or FREEHOLD_KEYS_FILE to a file with it.",
    )
