"""Pages by keyset: a cursor says after which row to go on, so a page costs the same wherever it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self, TypeVar, cast

from sqlalchemy import select, tuple_

from freehold.models import Model
from freehold.scope import Scope

M = TypeVar("M", bound=Model)
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


async def newest(scope: Scope, model: type[M], after: str | None, limit: int) -> tuple[Sequence[M], str | None]:
    """A page of the scope's rows of ``model``, the newest first, and the cursor for the next."""
    columns: Any = model
    place = tuple_(columns.created_at, columns.id)
    statement = select(model).order_by(columns.created_at.desc(), columns.id.desc()).limit(limit + 1)
    if after is not None:
        cursor = Cursor.parse(after)
        statement = statement.where(place < (cursor.created_at, cursor.id))
    return page(await scope.all(statement), limit, lambda row: Cursor(cast(Any, row).created_at, cast(Any, row).id))
