"""Keys made from keys: HKDF with SHA-256 (RFC 5869), one ``info`` for each purpose, so that no key has two uses."""

# ruff: noqa: PLC0415

from __future__ import annotations


def derived(secret: bytes, info: bytes) -> bytes:
    """32 bytes for the purpose that ``info`` names."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret)
