"""Pages by keyset: a cursor says after which row to go on, so a page costs the same wherever it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Self, TypeVar

T = TypeVar("T")

CURSOR: Final = r"^[0-9]{1,17}\.[A-Za-z0-9_-]{1,64}$"
"""What the text of a cursor looks like: microseconds since 1970, and an id."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Cursor:
    """The place of a row among those of its owner. It gives away nothing that a client does not have."""

    created_at: datetime
    id: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """The cursor in ``text``, which is one by `CURSOR`."""
        moment, _, id_ = text.partition(".")
        return cls(_EPOCH + timedelta(microseconds=int(moment)), id_)

    def __str__(self) -> str:
        return f"{(self.created_at - _EPOCH) // timedelta(microseconds=1)}.{self.id}"


def page(rows: Sequence[T], limit: int, place: Callable[[T], Cursor]) -> tuple[Sequence[T], str | None]:
    """The first ``limit`` rows, and the cursor for those that follow if there are more."""
    shown = rows[:limit]
    return shown, str(place(shown[-1])) if len(rows) > limit else None
