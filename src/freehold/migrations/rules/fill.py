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
    batches = Batches(table[0], table[1], key, size)
    yield Operation(Phase.COLUMN, (*table, *values), sql, Lock.ROWS, stage=Stage.FILL, about=batches)
    yield from opened(table, context)


def opened(table: Key, context: Context) -> Iterator[Operation]:
    """Lets the owner see every row of a table with forced row security until the revision's last unit."""
    if not context.after[Kind.TABLE, table].flag("forced"):
        return
    policy = f"POLICY {quote_identifier(POLICY)} ON {qualified(*table)}"
    create = f"CREATE {policy} TO CURRENT_USER USING (true) WITH CHECK (true)"
    yield Operation(Phase.POLICY, table, create, Lock.ACCESS_EXCLUSIVE)
    yield Operation(Phase.POLICY, table, f"DROP {policy}", Lock.ACCESS_EXCLUSIVE, drop=True, stage=Stage.LAST)
