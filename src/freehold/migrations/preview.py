"""What applying would do, without doing it: unit by unit, what each statement locks, and how large that table is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from freehold.migrations import ledger
from freehold.migrations.history import load
from freehold.migrations.outstanding import outstanding
from freehold.migrations.safety import findings
from freehold.migrations.safety.rule import tables_of
from freehold.wire import Connection, connect, narrated

_SIZES: Final = """
select n.nspname || '.' || c.relname, pg_total_relation_size(c.oid), nullif(c.reltuples, -1)::bigint
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'm', 'p') and n.nspname || '.' || c.relname = any (%s)
"""


@dataclass(frozen=True, slots=True)
class Statement:
    """One to run.

    ``lock``: on ``table``, which takes ``size`` bytes with its indexes and has about ``rows``, None where nobody counted
    them (ANALYZE does); empty where none is locked, None where there is no such table yet.
    """

    revision: str
    unit: int
    mode: str
    sql: str
    lock: str
    table: str
    size: int | None
    rows: int | None


@dataclass(frozen=True)
class Preview:
    """``statements`` in order; ``unsafe``: what would be refused."""

    statements: tuple[Statement, ...]
    unsafe: tuple[str, ...]


def preview(dsn: str, directory: Path) -> Preview:
    """What `migrate` would run now; nothing is locked or written. Raises `MigrationError` as `migrate` does."""
    history = load(directory)
    with connect(dsn) as connection:
        steps = outstanding(history, ledger.entries(connection))
        told = [(step, sql, lock) for step in steps for sql, lock in step.unit.described]
        sizes = _sizes(connection, [_table(sql) for _, sql, _ in told])
    statements = (
        Statement(
            step.revision.name,
            step.number,
            step.unit.mode,
            sql,
            lock,
            _table(sql),
            *sizes.get(_table(sql), (None, None)),
        )
        for step, sql, lock in told
    )
    scripts = dict.fromkeys(step.revision.up for step in steps)
    unsafe = (f"{each.name}: {each.why}" for script in scripts for each in findings(script))
    return Preview(tuple(statements), tuple(unsafe))


def _table(sql: str) -> str:
    return next(iter(tables_of(sql)), "")


def _sizes(connection: Connection, names: Sequence[str]) -> dict[str, tuple[int, int | None]]:
    with narrated():
        rows = connection.execute(_SIZES, (sorted({name for name in names if name}),)).fetchall()
    return {str(name): (int(str(size)), None if count is None else int(str(count))) for name, size, count in rows}
