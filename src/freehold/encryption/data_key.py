"""A data key: seals and opens values, and answers for equality of what it sealed without opening it."""

from __future__ import annotations

import hmac
import os
from functools import lru_cache
from typing import Final

from freehold.encryption.cipher import cipher, forgery
from freehold.encryption.derive import derived
from freehold.encryption.envelope import NONCE_BYTES, associated_data, broken, encoded, framed, opened, to_base64

KEY_BYTES: Final = 32
_INDEX_BYTES: Final = 16


class DataKey:
    """AES-256-GCM under one key. ``kid`` is what its values name: ``u<generation>``, or ``k<id>`` of a ring key."""

    __slots__ = ("_cipher", "_index", "kid")

    def __init__(self, kid: str, secret: bytes) -> None:
        self.kid = kid
        self._cipher = cipher(secret)
        self._index = derived(secret, b"freehold blind index")

    @classmethod
    def new(cls, kid: str) -> tuple[DataKey, bytes]:
        """A new key and its bytes, to be wrapped and forgotten."""
        secret = os.urandom(KEY_BYTES)
        return cls(kid, secret), secret

    def seal(self, plaintext: bytes, table: str, column: str, owner: str, row: str) -> str:
        """The stored form of ``plaintext`` for one place."""
        nonce = os.urandom(NONCE_BYTES)
        bound = associated_data(self.kid, table, column, owner, row)
        return encoded(self.kid, nonce, self._cipher.encrypt(nonce, plaintext, bound))

    def open(self, text: str, table: str, column: str, owner: str, row: str) -> bytes:
        """The plaintext of a stored value from this place; raises `SealError` (FH504) for any other."""
        kid, nonce, ciphertext = opened(text)
        if kid == self.kid:
            try:
                return self._cipher.decrypt(nonce, ciphertext, associated_data(kid, table, column, owner, row))
            except forgery():
                pass
        raise broken()

    def blind(self, value: bytes, table: str, column: str, owner: str) -> str:
        """The blind index of a value: equal for equal values of one owner's column, and of no use elsewhere."""
        key = _index_key(self._index, framed(table.encode(), column.encode(), owner.encode()))
        return to_base64(hmac.digest(key, value, "sha256")[:_INDEX_BYTES])

    def __repr__(self) -> str:
        return f"<DataKey {self.kid}>"


@lru_cache(maxsize=1024)
def _index_key(key: bytes, place: bytes) -> bytes:
    return derived(key, place)
