"""Pages by keyset: a cursor says after which row to go on, so a page costs the same wherever it is."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self, TypeVar

from freehold.errors import Code, FieldError, InvalidInputError

T = TypeVar("T")


@dataclass(frozen=True)
class Cursor:
    """The place of a row among those of its owner. It is opaque to clients, and gives away nothing they do not have."""

    created_at: datetime
    id: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """The cursor that was sent as ``text``; raises `InvalidInputError` (FH601)."""
        try:
            moment, _, id_ = urlsafe_b64decode(text.encode()).decode().partition(" ")
            created_at = datetime.fromisoformat(moment)
        except ValueError:
            raise _invalid() from None
        if created_at.tzinfo != UTC or not id_ or not id_.isprintable():
            raise _invalid()
        return cls(created_at, id_)

    def __str__(self) -> str:
        return urlsafe_b64encode(f"{self.created_at.astimezone(UTC).isoformat()} {self.id}".encode()).decode()


def page(rows: Sequence[T], limit: int, place: Callable[[T], Cursor]) -> tuple[Sequence[T], str | None]:
    """The first ``limit`` rows, and the cursor for those that follow if there are more."""
    shown = rows[:limit]
    return shown, str(place(shown[-1])) if len(rows) > limit else None


def _invalid() -> InvalidInputError:
    return InvalidInputError(
        Code.INPUT_INVALID,
        "The input is not valid.",
        errors=(FieldError("/query/after", "This is not the `next` of a page."),),
        hint="Send what the page before gave as `next`, or leave it out.",
    )
