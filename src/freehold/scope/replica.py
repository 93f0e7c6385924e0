"""How far the primary's log had come after each caller's last write: what a replica must have replayed to answer it.

The primary says so right behind the answer to a write, in the same round trip.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from freehold.wire import PGresult, Step

_MARKS_KEPT: Final = 10_000

POSITION: Final = Step(b"SELECT pg_catalog.pg_current_wal_insert_lsn()")
_ANY: Final = b"0/0"


class Marks:
    """How far the log had come after each caller's last write; the least recent are forgotten into one for everybody."""

    def __init__(self, kept: int = _MARKS_KEPT) -> None:
        self._kept = kept
        self._marks: OrderedDict[str | None, bytes] = OrderedDict()
        self._others = _ANY

    def note(self, owner: str | None, position: bytes) -> None:
        """``owner`` has written; the log has come to ``position``."""
        self._marks[owner] = max(position, self._marks.get(owner, _ANY), key=_number)
        self._marks.move_to_end(owner)
        if len(self._marks) > self._kept:
            _, forgotten = self._marks.popitem(last=False)
            self._others = max(forgotten, self._others, key=_number)

    def take(self, owner: str | None, results: Sequence[PGresult]) -> None:
        """Notes the answer to `POSITION`."""
        position = results[0].get_value(0, 0)
        if position is not None:
            self.note(owner, position)

    def of(self, owner: str | None) -> bytes:
        """How far a replica must have come for this caller."""
        return self._marks.get(owner, self._others)


def _number(position: bytes) -> int:
    """A position in the log as PostgreSQL writes it, ``16/B374D848``, as a number."""
    high, low = position.split(b"/")
    return (int(high, 16) << 32) | int(low, 16)
