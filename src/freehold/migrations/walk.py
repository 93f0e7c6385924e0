"""Changing all rows of a table without holding any of them for long: by ranges of its key, a commit for each.

The key last reached stands in the ledger, in the same transaction as the rows, so a rerun goes on from there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from freehold.errors import Code, DatabaseError, MigrationError
from freehold.migrations import ledger
from freehold.migrations.outstanding import Step
from freehold.migrations.rules.name import qualified
from freehold.migrations.script import Batches
from freehold.policies import quote_identifier
from freehold.wire import Connection, StatementFailed, narrated

_WHERE: Final = "\nWHERE "
SEES_ALL: Final = """
select not row_security_active(c.oid) or (
    exists (select from pg_policy p where p.polrelid = c.oid and p.polpermissive and p.polcmd = '*'
              and pg_get_expr(p.polqual, p.polrelid) = 'true' and exists (
                  select from unnest(p.polroles) r where r = 0 or pg_has_role(r, 'USAGE')))
    and not exists (select from pg_policy p where p.polrelid = c.oid and not p.polpermissive and exists (
                        select from unnest(p.polroles) r where r = 0 or pg_has_role(r, 'USAGE'))))
from pg_class c where c.oid = %s::regclass
"""
"""Whether row security hides no row of a table from this role: FORCE binds the owner too, and what it does not see would
be left out without a word."""
_ROWS: Final = "select greatest(reltuples, 0)::bigint from pg_class where oid = %s::regclass"

Tell = Callable[[Step, int, int, str], None]


def walk(connection: Connection, step: Step, batches: Batches, tell: Tell) -> None:
    """Runs the unit's statement over the whole table, from where the ledger says it came to.

    Raises `MigrationError`: FH423 when row security hides rows, FH424 when rows are left; `StatementFailed`.
    """
    try:
        with narrated():
            _Walk(connection, step, batches, tell).go()
    except DatabaseError as error:
        raise StatementFailed(1, error) from None


@dataclass
class _Walk:
    connection: Connection
    step: Step
    batches: Batches
    tell: Tell
    began: float = field(default_factory=time.monotonic)

    def go(self) -> None:
        expected = self._expected()
        cursor, rows, first = self._cursor()
        passed = 0
        while True:
            with self.connection.transaction():
                self.connection.execute(b"set local synchronous_commit = off")
                upper = self._upper(cursor)
                changed = self._change(cursor, upper)
                ledger.reached(self.connection, self.step.revision.id, self.step.number, upper or cursor or (), changed)
            rows, passed = rows + changed, passed + self.batches.size
            self.tell(
                self.step, min(rows, max(expected, rows)), max(expected, rows), self._pace(rows - first, expected)
            )
            if upper is None:
                break
            cursor = upper
        self._assert_done()

    def _expected(self) -> int:
        table = qualified(self.batches.schema, self.batches.table)
        sees = self.connection.execute(SEES_ALL, (table,)).fetchone()
        if sees is None or sees[0] is not True:
            name = f"{self.batches.schema}.{self.batches.table}"
            raise MigrationError(
                Code.ROWS_HIDDEN,
                f"Row security hides rows of {name} from the role that migrates.",
                detail="FORCE ROW LEVEL SECURITY binds the owner too, and rows it does not see would be left out.",
                hint="Generate the revision with freehold backfill: it opens the table to the owner meanwhile.",
            )
        row: Any = self.connection.execute(_ROWS, (table,)).fetchone()
        return int(row[0])

    def _cursor(self) -> tuple[tuple[str, ...] | None, int, int]:
        query = "select cursor, rows from freehold.ledger where revision = %s and unit = %s"
        row: Any = self.connection.execute(query, (self.step.revision.id, self.step.number)).fetchone()
        cursor, rows = row or (None, 0)
        return (tuple(cursor) if cursor else None), rows, rows

    @property
    def _key(self) -> str:
        return ", ".join(map(quote_identifier, self.batches.key))

    @property
    def _row(self) -> str:
        return f"({', '.join(['%s'] * len(self.batches.key))})"

    def _upper(self, cursor: Sequence[str] | None) -> tuple[str, ...] | None:
        """The last key of the next range; None where the rest is less than a range."""
        texts = ", ".join(f"{quote_identifier(name)}::text" for name in self.batches.key)
        after = f"where ({self._key}) > {self._row}" if cursor else ""
        row = self.connection.execute(
            f"select {texts} from {qualified(self.batches.schema, self.batches.table)} {after}"  # noqa: S608 - quoted
            f" order by {self._key} offset {self.batches.size - 1} limit 1".encode(),
            tuple(cursor or ()),
        ).fetchone()
        return None if row is None else tuple(map(str, row))

    def _change(self, cursor: Sequence[str] | None, upper: Sequence[str] | None) -> int:
        text = self.step.unit.statements[0].replace("%", "%%")
        text += f" AND ({self._key}) > {self._row}" if cursor else ""
        text += f" AND ({self._key}) <= {self._row}" if upper else ""
        return self.connection.execute(text.encode(), (*(cursor or ()), *(upper or ()))).rowcount

    def _assert_done(self) -> None:
        condition = condition_of(self.step.unit.statements[0])
        name = qualified(self.batches.schema, self.batches.table)
        left: Any = self.connection.execute(f"select count(*) from {name} where {condition}".encode()).fetchone()  # noqa: S608
        if left and left[0]:
            raise MigrationError(
                Code.ROWS_LEFT,
                f"{left[0]} rows of {self.batches.schema}.{self.batches.table} still fulfil the condition of unit "
                f"{self.step.number} of {self.step.revision.name}.",
                hint="Something writes such rows still, or the new value fulfils the condition too: see to that, then "
                f"{self._again()} and run: freehold migrate",
            )

    def _again(self) -> str:
        where = f"revision = '{self.step.revision.id}' AND unit = {self.step.number}"
        return f"UPDATE freehold.ledger SET cursor = NULL WHERE {where};"  # noqa: S608 - shown to a person

    def _pace(self, rows: int, expected: int) -> str:
        pace = rows / max(time.monotonic() - self.began, 0.001)
        left = f", {max(expected - rows, 0) / pace:.0f} s left" if pace and expected > rows else ""
        return f"{pace:,.0f} rows/s{left}"


def condition_of(statement: str) -> str | None:
    """The condition a batched statement ends with; None where it does not end so."""
    head, _, condition = statement.rpartition(_WHERE)
    return condition if head and condition.startswith("(") and condition.endswith(")") else None
