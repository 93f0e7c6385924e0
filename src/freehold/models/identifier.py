"""Identifiers made by the client: unique without asking, ordered by time, safe in a URL.

They are version 7 UUIDs (RFC 9562, section 5.7): 48 bits of Unix milliseconds, then a counter of 18 bits that
keeps ids of one process in order within a millisecond, then 56 random bits.
"""

from __future__ import annotations

import os
import struct
import threading
import time
from typing import Any, Final
from uuid import UUID, SafeUUID

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_TEXT_LENGTH: Final = 26
_COUNTER_BITS: Final = 18
_RANDOM_BITS: Final = 56
_DRAWN: Final = 64

_new: Final = object.__new__
_slots: Final[Any] = vars(UUID)
_set_number: Final = _slots["int"].__set__
_set_safety: Final = _slots["is_safe"].__set__
_UNKNOWN: Final = SafeUUID.unknown
_lock = threading.Lock()
_last: int = 0
_random: list[int] = []


def _forget_random() -> None:
    """A forked process draws its own."""
    _random.clear()


os.register_at_fork(after_in_child=_forget_random)


def uuid7() -> UUID:
    """A version 7 UUID, larger than every one this process made before."""
    global _last, _random  # noqa: PLW0603 - what keeps ids of a process in order, and apart from others'
    with _lock:
        tick = (time.time_ns() // 1_000_000) << _COUNTER_BITS
        if tick <= _last:
            tick = _last + 1
        _last = tick
        if not _random:  # a call of the system for each would take longer than all the rest
            _random = [each >> (64 - _RANDOM_BITS) for each in struct.unpack(f"{_DRAWN}Q", os.urandom(8 * _DRAWN))]
        noise = _random.pop()
    high = ((tick >> _COUNTER_BITS) << 16) | 0x7000 | ((tick >> 6) & 0xFFF)
    return _uuid((high << 64) | ((0x80 | (tick & 0x3F)) << _RANDOM_BITS) | noise)


def _uuid(number: int) -> UUID:
    """What ``UUID(int=number)`` gives, in a third of the time: its constructor weighs six kinds of arguments."""
    made = _new(UUID)
    _set_number(made, number)
    _set_safety(made, _UNKNOWN)
    return made


def text_id() -> str:
    """A version 7 UUID as 26 characters of Crockford's base 32, lower case; sorts as it was made."""
    value = uuid7().int
    return "".join(_ALPHABET[(value >> (5 * place)) & 31] for place in reversed(range(_TEXT_LENGTH)))
