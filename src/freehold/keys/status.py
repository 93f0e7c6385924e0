"""What is sealed with which key, and what is not sealed yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from freehold.encryption import PREFIX, KeyRing
from freehold.keys.column import SealedColumn
from freehold.keys.session import KeySession

_RING: Final = "SELECT ring_key_id, count(*) FROM public.user_keys GROUP BY 1 ORDER BY 1"
_JOBS: Final = "SELECT job, done FROM public.key_progress ORDER BY job"


@dataclass(frozen=True)
class ColumnStatus:
    """The values of one column by key; ``unauthenticated``: those of the old platform, which nothing vouches for."""

    column: str
    keys: dict[str, int]
    unauthenticated: int


@dataclass(frozen=True)
class KeyStatus:
    """``wrapped``: data keys by ring key. ``missing``: ring keys in use that the ring does not have."""

    primary: str
    ring: tuple[str, ...]
    wrapped: dict[str, int]
    missing: tuple[str, ...]
    columns: tuple[ColumnStatus, ...]
    unfinished: dict[str, int]

    @property
    def settled(self) -> bool:
        """Whether nothing is left to rotate or to migrate."""
        unsealed = any(column.unauthenticated for column in self.columns)
        return not unsealed and not self.unfinished and set(self.wrapped) <= {self.primary}


def status(session: KeySession, columns: Iterable[SealedColumn]) -> KeyStatus:
    """Counts; it reads every sealed column once."""
    ring: KeyRing = session.ring
    wrapped = {str(id_): int(count) for id_, count in session.rows(_RING)}
    found = tuple(_column(session, column) for column in columns)
    named = {kid[1:] for column in found for kid in column.keys if kid.startswith("k")}
    return KeyStatus(
        ring.primary.id,
        ring.ids,
        wrapped,
        tuple(sorted((set(wrapped) | named) - set(ring.ids))),
        found,
        {str(job): int(done) for job, done in session.rows(_JOBS)},
    )


def _column(session: KeySession, column: SealedColumn) -> ColumnStatus:
    kid = f"CASE WHEN starts_with({column.value}, '{PREFIX}') THEN split_part({column.value}, '.', 2) END"
    rows = session.rows(
        f"SELECT {kid}, count(*) FROM {column.target} WHERE {column.value} IS NOT NULL GROUP BY 1 ORDER BY 1"  # noqa: S608
    )
    keys = {str(each): int(count) for each, count in rows if each is not None}
    return ColumnStatus(column.name, keys, sum(int(count) for each, count in rows if each is None))
