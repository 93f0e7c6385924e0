"""Values of the Node platform: AES-256-CBC with PKCS #7 padding, ``hex(iv):hex(ciphertext)``, without authentication.

A wrong key passes the check of the padding once in 250 times, so the plaintext must be strict UTF-8 as well; and
whoever can write the column can change what it says. They are read to be migrated, counted, and then refused.
"""

# ruff: noqa: PLC0415 - see `freehold.encryption.cipher`

from __future__ import annotations

import re
from typing import Final

from freehold.errors import Code, SealError

_FORMAT: Final = re.compile(r"([0-9a-fA-F]{32}):((?:[0-9a-fA-F]{32})+)", re.ASCII)
_HEX: Final = re.compile(r"(?:[0-9a-fA-F]{2})*", re.ASCII)
_IV: Final = slice(0, 32)


class LegacyKey:
    """The ``ENCRYPTION_KEY`` of the Node platform."""

    __slots__ = ("_algorithm",)

    def __init__(self, secret: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.algorithms import AES256

        self._algorithm = AES256(secret)

    def open(self, text: str) -> bytes:
        """The plaintext, well-formed UTF-8; raises `SealError` (FH508) for anything that key did not encrypt."""
        if is_legacy(text):
            plaintext = self._unpadded(bytes.fromhex(text[_IV]), bytes.fromhex(text[33:]))
            if plaintext is not None:
                return plaintext
        raise unreadable()

    def _unpadded(self, iv: bytes, ciphertext: bytes) -> bytes | None:
        from cryptography.hazmat.primitives.ciphers import Cipher
        from cryptography.hazmat.primitives.ciphers.modes import CBC
        from cryptography.hazmat.primitives.padding import PKCS7

        decryptor = Cipher(self._algorithm, CBC(iv)).decryptor()
        padded = decryptor.update(ciphertext) + decryptor.finalize()
        unpadder = PKCS7(128).unpadder()
        try:
            plaintext = unpadder.update(padded) + unpadder.finalize()
            plaintext.decode()
        except ValueError:  # UnicodeDecodeError is one
            return None
        return plaintext

    def __repr__(self) -> str:
        return "<LegacyKey>"


def is_legacy(text: str) -> bool:
    """Whether a stored value has the shape of the Node platform's."""
    return _FORMAT.fullmatch(text) is not None


def node_key(text: str) -> bytes | None:
    """What Node makes of a hexadecimal key: the digits from the start, in pairs, up to the first that is none."""
    found = _HEX.match(text)
    return None if found is None else bytes.fromhex(found.group())


def unreadable() -> SealError:
    """The one error for a value of the old platform that is not to be read."""
    return SealError(
        Code.SEAL_LEGACY,
        "A value of the old platform cannot be read.",
        hint="Keep ENCRYPTION_KEY in FREEHOLD_KEYS as <id>:legacy:<64 hexadecimal digits>, declare the column "
        "sealed(legacy=True) until `freehold keys migrate-legacy` has run, and restore values that are damaged.",
    )
