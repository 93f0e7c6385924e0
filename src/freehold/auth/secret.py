"""Secrets that a person or a program carries: recognisable by their shape, and checked before anybody is asked.

``fhp_`` (or another prefix), 43 characters of base 62 that hold 256 random bits, and 6 that hold the CRC-32 of all
before them. The checksum is no protection: it tells a typing mistake, or a scanner's false alarm, from a secret.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import zlib
from dataclasses import dataclass
from typing import Final

_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BODY: Final = 43
_CHECKSUM: Final = 6
_SHOWN: Final = 8


@dataclass(frozen=True)
class SecretFormat:
    """The secrets with one ``prefix``, such as ``fhp_``."""

    prefix: str

    def new(self) -> str:
        """A secret that nobody has."""
        body = self.prefix + _base62(secrets.randbits(256), _BODY)
        return body + _checksum(body)

    def recognises(self, text: str) -> bool:
        """Whether ``text`` looks like one, right or wrong: no other kind of credential begins so."""
        return text.startswith(self.prefix)

    def is_whole(self, text: str) -> bool:
        """Whether ``text`` is one, to its checksum."""
        wanted = len(self.prefix) + _BODY + _CHECKSUM
        if len(text) != wanted or not text.startswith(self.prefix) or not text.isascii() or not text.isprintable():
            return False
        return text[-_CHECKSUM:] == _checksum(text[:-_CHECKSUM])

    def shown(self, text: str) -> str:
        """The first characters, by which its owner tells it from others."""
        return text[: len(self.prefix) + _SHOWN]


def hashed(text: str) -> str:
    """What is kept of a secret: SHA-256, in hexadecimal. 256 random bits need no slower hash."""
    return hashlib.sha256(text.encode()).hexdigest()


API_TOKEN: Final = SecretFormat("fhp_")
SESSION: Final = SecretFormat("fhs_")
LEGACY_API_TOKEN: Final = re.compile("[0-9a-f]{64}")
"""What the platform before this one gave out: 256 random bits in hexadecimal, hashed alike, without a checksum."""


def _checksum(text: str) -> str:
    return _base62(zlib.crc32(text.encode()), _CHECKSUM)


def _base62(number: int, length: int) -> str:
    digits: list[str] = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))
