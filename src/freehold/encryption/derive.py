"""Keys made from keys: HKDF with SHA-256 (RFC 5869), one ``info`` for each purpose, so that no key has two uses."""

from __future__ import annotations

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def derived(secret: bytes, info: bytes) -> bytes:
    """32 bytes for the purpose that ``info`` names."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret)
