"""Forgetting a user: without the data keys nothing that was sealed with them opens again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from freehold.keys.column import SealedColumn
from freehold.keys.session import KeySession

_COUNT: Final = "SELECT count(*) FROM public.user_keys WHERE user_id = %s"
_FORGET: Final = "DELETE FROM public.user_keys WHERE user_id = %s RETURNING generation"


@dataclass(frozen=True)
class Forgotten:
    """How many data keys there were, and how many values were sealed with them, by column."""

    keys: int
    values: dict[str, int]


def forget(session: KeySession, columns: Iterable[SealedColumn], user: str, *, dry: bool = False) -> Forgotten:
    """Deletes the user's data keys; ``dry`` only counts. Without any, there is nothing to count either.

    Processes that have them cached forget within five minutes. Backups hold them, wrapped, until they expire.
    """
    keys = int(session.rows(_COUNT, (user,))[0][0])
    if not keys:
        return Forgotten(0, {})
    values = {
        column.name: int(
            session.rows(
                column.count(f"{column.key[0]} = %s::{column.types[0]} AND {column.value} IS NOT NULL"), (user,)
            )[0][0]
        )
        for column in columns
        if column.owned
    }
    if dry:
        return Forgotten(keys, values)
    session.chain.forget(user)
    return Forgotten(len(session.rows(_FORGET, (user,))), values)
