"""The stored form of a sealed value, and what is bound to it: text, decoded strictly.

``fh1.<kid>.<base64url without padding of: algorithm, nonce of 12 bytes, ciphertext, tag of 16 bytes>``. One value has
one text: whatever is not exactly what `encoded` writes is refused.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Any, Final

from freehold.errors import Code, SealError

VERSION: Final = "fh1"
PREFIX: Final = f"{VERSION}."
AES_256_GCM: Final = b"\x01"
_ALGORITHM: Final = AES_256_GCM[0]
NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_SHORTEST: Final = 1 + NONCE_BYTES + _TAG_BYTES
_OWNED: Final = re.compile(r"u([1-9][0-9]{0,8})", re.ASCII)


def opened(text: str) -> tuple[str, bytes, bytes]:
    """Key id, nonce and ciphertext of a stored value; raises `SealError` (FH504) unless it is whole and canonical."""
    version, _, rest = text.partition(".")
    kid, _, body = rest.partition(".")
    blob = from_base64(body)
    if version == VERSION and blob is not None and len(blob) >= _SHORTEST and blob[0] == _ALGORITHM:
        return kid, blob[1:13], blob[13:]
    raise broken()


def encoded(kid: str, nonce: bytes, ciphertext: bytes) -> str:
    """The stored form."""
    return f"{PREFIX}{kid}.{to_base64(AES_256_GCM + nonce + ciphertext)}"


def kid_of(text: str) -> str:
    """The key a stored value names, without looking at the rest; raises `SealError` (FH504)."""
    parts = text.split(".", 2)
    if len(parts) != 3 or parts[0] != VERSION:
        raise broken()
    return parts[1]


def generation_of(kid: str) -> int | None:
    """The generation of an owner's data key; None for a key of the ring."""
    found = _OWNED.fullmatch(kid)
    return None if found is None else int(found[1])


def associated_data(kid: str, table: str, column: str, owner: str, row: str) -> bytes:
    """What a value is bound to: it opens nowhere else."""
    last = row.encode()
    return _bound(kid, table, column, owner) + len(last).to_bytes(4, "big") + last


def framed(*fields: bytes) -> bytes:
    """Fields with their lengths before them, so that no two lists of fields give the same bytes."""
    return b"".join(len(field).to_bytes(4, "big") + field for field in fields)


def to_base64(data: bytes) -> str:
    """base64url without padding (RFC 4648, section 5)."""
    text: str = _base64().serializer.to_python(data, mode="json")
    return text.rstrip("=")


def from_base64(text: str) -> bytes | None:
    """The bytes of canonical base64url without padding; None for anything else."""
    if "+" in text or "/" in text or "=" in text:
        return None
    try:
        decoded: bytes = _base64().validator.validate_strings(text)
    except ValueError:  # pydantic's ValidationError is one
        return None
    return decoded


def broken() -> SealError:
    """The one error for a value that does not open: it does not say why, because whoever forges one may be asking."""
    return SealError(
        Code.SEAL_BROKEN,
        "A sealed value does not open.",
        hint="It was changed, or moved from another row, column, table or user: restore it, or set it again.",
    )


@cache
def _base64() -> Any:
    """Pydantic's base64 (Rust's) is several times faster than binascii, and refuses stray bits in the last letter."""
    from pydantic import ConfigDict, TypeAdapter  # noqa: PLC0415 - see `freehold.encryption.cipher`

    return TypeAdapter[bytes](bytes, config=ConfigDict(val_json_bytes="base64", ser_json_bytes="base64"))


@lru_cache(maxsize=4096)
def _bound(kid: str, table: str, column: str, owner: str) -> bytes:
    fields = (kid.encode(), AES_256_GCM, table.encode(), column.encode(), owner.encode())
    return VERSION.encode() + framed(*fields)
