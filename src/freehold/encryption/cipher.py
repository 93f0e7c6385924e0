"""AES-256-GCM of cryptography, which is imported for the first key: most programs that import freehold seal nothing yet."""

# ruff: noqa: PLC0415

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def cipher(key: bytes) -> AESGCM:
    """The cipher under a key of 32 bytes."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)


def forgery() -> type[Exception]:
    """What a ciphertext raises that this key did not make, or not with this associated data; for an ``except`` clause."""
    from cryptography.exceptions import InvalidTag

    return InvalidTag
