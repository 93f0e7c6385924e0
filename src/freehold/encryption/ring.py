"""The key ring: keys that never seal a user's value themselves, but wrap the data keys that do.

One key is primary and wraps what is new; active ones unwrap what they have wrapped before; a legacy one is the
``ENCRYPTION_KEY`` of the Node platform, and only reads its values.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Final, Self

from freehold.encryption.cipher import cipher, forgery
from freehold.encryption.data_key import KEY_BYTES, DataKey
from freehold.encryption.derive import derived
from freehold.encryption.envelope import NONCE_BYTES, broken, framed, from_base64, to_base64
from freehold.encryption.legacy import LegacyKey, node_key
from freehold.errors import Code, ConfigurationError, SealError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_ID: Final = re.compile(r"[a-z0-9]{1,16}", re.ASCII)
_BETWEEN: Final = re.compile(r"[\s,]+")
_FEWEST_DIFFERENT_BYTES: Final = 8
_HINT: Final = "`freehold keys new` makes a key and prints it as FREEHOLD_KEYS takes it: id:primary:<43 characters>."
_LEGACY_HINT: Final = (
    "A legacy key is the ENCRYPTION_KEY of the platform before, as it is: id:legacy:<64 hexadecimal digits>."
)


class KeyState(StrEnum):
    """What a key of the ring is for."""

    PRIMARY = "primary"
    ACTIVE = "active"
    LEGACY = "legacy"


@dataclass(frozen=True, repr=False)
class RingKey:
    """A key of 32 bytes; only keys derived from it are used."""

    id: str
    state: KeyState
    secret: bytes

    @classmethod
    def new(cls, id_: str) -> Self:
        """A new key, primary; raises `ConfigurationError` (FH502) for an id that a ring would refuse."""
        if not _ID.fullmatch(id_):
            raise _invalid("A key's id is not 1-16 lower-case letters and digits.")
        return cls(id_, KeyState.PRIMARY, os.urandom(KEY_BYTES))

    @property
    def text(self) -> str:
        """As `FREEHOLD_KEYS` has it: the only place where the secret is shown."""
        return f"{self.id}:{self.state}:{to_base64(self.secret)}"

    @cached_property
    def data_key(self) -> DataKey:
        """What seals the columns of tables without an owner."""
        return DataKey(f"k{self.id}", derived(self.secret, b"freehold data"))

    @cached_property
    def _wrapper(self) -> AESGCM:
        return cipher(derived(self.secret, b"freehold wrap"))

    def wrap(self, secret: bytes, user: str, generation: int) -> str:
        """A data key as it is stored: for this user, generation and ring key only."""
        nonce = os.urandom(NONCE_BYTES)
        return to_base64(nonce + self._wrapper.encrypt(nonce, secret, self._bound(user, generation)))

    def unwrap(self, wrapped: str, user: str, generation: int) -> bytes:
        """The data key; raises `SealError` (FH504) for one that was changed or is another's."""
        blob = from_base64(wrapped)
        if blob is not None and len(blob) > NONCE_BYTES:
            try:
                return self._wrapper.decrypt(blob[:NONCE_BYTES], blob[NONCE_BYTES:], self._bound(user, generation))
            except forgery():
                pass
        raise broken()

    def _bound(self, user: str, generation: int) -> bytes:
        return b"fh1 wrap" + framed(user.encode(), str(generation).encode(), self.id.encode())

    def __repr__(self) -> str:
        return f"<RingKey {self.id} {self.state}>"


class KeyRing:
    """Keys by id; raises `ConfigurationError` (FH502) for a ring that could not be used safely."""

    def __init__(self, keys: tuple[RingKey, ...]) -> None:
        _refuse_unusable(keys)
        self._keys: Mapping[str, RingKey] = {key.id: key for key in keys if key.state is not KeyState.LEGACY}
        self.primary = next(key for key in keys if key.state is KeyState.PRIMARY)
        legacy = next((key for key in keys if key.state is KeyState.LEGACY), None)
        self.legacy = None if legacy is None else LegacyKey(legacy.secret)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The ring that ``FREEHOLD_KEYS`` describes: ``id:state:key``, several separated by commas or white space.

        A key is 32 bytes in base64url; a legacy one is the 64 hexadecimal digits of ``ENCRYPTION_KEY``.
        """
        return cls(tuple(_keys(text)))

    def key(self, id_: str) -> RingKey:
        """The key with this id; raises `SealError` (FH505) for one that the ring does not have."""
        if id_ not in self._keys:
            raise unknown_key("The key ring does not have a key that a stored value needs.")
        return self._keys[id_]

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the keys that wrap and unwrap, the primary one first."""
        return tuple(sorted(self._keys, key=lambda id_: (id_ != self.primary.id, id_)))

    def __repr__(self) -> str:
        return f"<KeyRing {' '.join(self.ids)}>"


def unknown_key(message: str) -> SealError:
    """The error for a value whose key is not to be had; which key that is says the value itself."""
    return SealError(
        Code.SEAL_KEY_UNKNOWN,
        message,
        hint="`freehold keys status` names the keys in use: put the missing one back into FREEHOLD_KEYS as active.",
    )


def _keys(text: str) -> Iterator[RingKey]:
    lines = (line.partition("#")[0] for line in text.splitlines())
    for entry in filter(None, _BETWEEN.split(" ".join(lines))):
        id_, _, rest = entry.partition(":")
        state, _, secret = rest.partition(":")
        if not _ID.fullmatch(id_) or state not in tuple(KeyState):
            raise _invalid("A key is not written as id:state:key.")
        legacy = state == KeyState.LEGACY
        found = node_key(secret) if legacy else from_base64(secret)
        if found is None or len(found) != KEY_BYTES:
            form, hint = ("hexadecimal", _LEGACY_HINT) if legacy else ("base64url", _HINT)
            raise _invalid(f"The key {id_!r} is not 32 bytes in {form}.", hint)
        yield RingKey(id_, KeyState(state), found)


def _refuse_unusable(keys: tuple[RingKey, ...]) -> None:
    states = [key.state for key in keys]
    if states.count(KeyState.PRIMARY) != 1:
        raise _invalid(f"{states.count(KeyState.PRIMARY)} keys are primary; one must be.")
    if states.count(KeyState.LEGACY) > 1:
        raise _invalid("Several keys are legacy, and the old values do not say which sealed them.")
    if len({key.id for key in keys}) < len(keys) or len({key.secret for key in keys}) < len(keys):
        raise _invalid("Two keys have the same id, or are the same key.")
    for key in keys:
        guessable = len(set(key.secret)) < _FEWEST_DIFFERENT_BYTES
        if len(key.secret) != KEY_BYTES or (guessable and key.state is not KeyState.LEGACY):  # that one only reads
            raise _invalid(f"The key {key.id!r} is not 32 random bytes.")


def _invalid(message: str, hint: str = _HINT) -> ConfigurationError:
    return ConfigurationError(Code.KEYS_INVALID, message, hint=hint)
