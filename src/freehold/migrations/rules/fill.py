"""Giving the rows of a table in use new values: in batches, with the table open to its owner meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from freehold.catalog import Key, Kind
from freehold.migrations.context import Context
from freehold.migrations.operation import Lock, Operation, Phase, Stage
from freehold.migrations.rules.name import qualified
from freehold.migrations.script import Batches
from freehold.policies import quote_identifier

POLICY: Final = "freehold_backfill"


def filled(
    table: Key, values: Mapping[str, str], where: str, key: tuple[str, ...], context: Context, size: int = 1000
) -> Iterator[Operation]:
    """Sets columns to SQL expressions where ``where`` holds, which must not hold afterwards.

    Forced row security binds the owner too, so it gets a policy for as long as the batches run; callers get nothing.
    """
    name = qualified(*table)
    listed = ", ".join(f"{quote_identifier(column)} = {value}" for column, value in values.items())
    sql = f"UPDATE {name}\nSET {listed}\nWHERE ({where})"
    batches = Batches(*table, key, size)
    yield Operation(Phase.COLUMN, (*table, *values), sql, Lock.ROWS, stage=Stage.FILL, about=batches)
    if context.after[Kind.TABLE, table].flag("forced"):
        opened = f"CREATE POLICY {quote_identifier(POLICY)} ON {name} TO CURRENT_USER USING (true) WITH CHECK (true)"
        closed = f"DROP POLICY {quote_identifier(POLICY)} ON {name}"
        yield Operation(Phase.POLICY, table, opened, Lock.ACCESS_EXCLUSIVE)
        yield Operation(Phase.POLICY, table, closed, Lock.ACCESS_EXCLUSIVE, drop=True, stage=Stage.FINISH)
