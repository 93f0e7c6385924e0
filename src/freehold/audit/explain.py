"""What PostgreSQL does for a user's statement: the plan of each command that a caller may run on a table.

EXPLAIN runs as the caller, on a connection that can become one, and executes nothing. Sequential scans are priced out, so
a scan that remains is one that no index could have served, however few rows there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from freehold.audit.catalog import CALLERS, Catalog, Table
from freehold.catalog import Fact
from freehold.errors import DatabaseError
from freehold.policies import quote_identifier, quote_literal
from freehold.wire import Connection, translated

_BATCH: Final = 100
_SETTINGS: Final = (
    b"set local enable_seqscan = off; set local jit = off; set local max_parallel_workers_per_gather = 0;"
    b"set local statement_timeout = '20s'; set local lock_timeout = '2s';"
    b"select set_config('request.jwt.claims', "
    b'\'{"sub":"00000000-0000-4000-8000-000000000000","role":"authenticated"}\', true)'
)


@dataclass(frozen=True)
class Explained:
    """One command of one caller: its plan, or why there is none."""

    table: Table
    role: str
    command: str
    plan: dict[str, Any] | None
    sqlstate: str = ""
    message: str = ""

    def nodes(self) -> Iterator[dict[str, Any]]:
        """Every node of the plan, the outermost first."""
        pending = [self.plan] if self.plan else []
        while pending:
            node = pending.pop(0)
            yield node
            pending += node.get("Plans", [])


@dataclass(frozen=True)
class Plans:
    """The plans of a database."""

    explained: tuple[Explained, ...]


def explain(connection: Connection, catalog: Catalog) -> Plans:
    """The plans of every command that a caller may run on a guarded table. Raises `DatabaseError` when it cannot start."""
    asked = list(_questions(catalog))
    found: list[Explained] = []
    for start in range(0, len(asked), _BATCH):
        found += _batch(connection, asked[start : start + _BATCH])
    return Plans(tuple(found))


def _questions(catalog: Catalog) -> Iterator[tuple[Table, str, str, str]]:
    for table in catalog.tables:
        if not table.guarded or not table.policies:
            continue
        for role in CALLERS:
            reach = table.reach.get(role, frozenset())
            for command, sql in _statements(table, role, reach):
                yield table, role, command, sql


def _statements(table: Table, role: str, reach: frozenset[str]) -> Iterator[tuple[str, str]]:
    if "SELECT" in reach:
        yield "SELECT", f"SELECT FROM {table.sql}"
    writable = sorted(table.writable(role, "UPDATE"))
    plain = [name for name in writable if not _computed(table.columns[name])]
    if plain:
        column = quote_identifier(plain[0])
        yield "UPDATE", f"UPDATE {table.sql} SET {column} = NULL"
    if "DELETE" in reach:
        yield "DELETE", f"DELETE FROM {table.sql}"


def _computed(column: Fact) -> bool:
    """Whether the server alone writes it."""
    return bool(column.text("generated")) or column.text("identity") == "ALWAYS"


def _batch(connection: Connection, asked: Sequence[tuple[Table, str, str, str]]) -> list[Explained]:
    """Several at once, or one by one where one of them fails."""
    inside = connection.info.transaction_status.name == "INTRANS"
    try:
        return _run(connection, asked, inside=inside)
    except DatabaseError as error:
        if len(asked) == 1:
            table, role, command, _ = asked[0]
            return [Explained(table, role, command, None, error.sqlstate or "", error.detail or error.message)]
    half = len(asked) // 2
    return [*_batch(connection, asked[:half]), *_batch(connection, asked[half:])]


def _run(connection: Connection, asked: Sequence[tuple[Table, str, str, str]], *, inside: bool) -> list[Explained]:
    with translated():
        connection.execute((b"savepoint plans;" if inside else b"begin read only;") + _SETTINGS)
        try:
            found: list[Explained] = []
            role_now = ""
            for table, role, command, sql in asked:
                if role != role_now:
                    connection.execute(f"set local role {quote_literal(role)}".encode())
                    role_now = role
                row = connection.execute(f"EXPLAIN (FORMAT JSON, COSTS OFF) {sql}".encode()).fetchone()
                plan = cast("list[dict[str, Any]]", row[0])[0]["Plan"] if row else None
                found.append(Explained(table, role, command, plan))
            return found
        finally:
            connection.execute(b"rollback to savepoint plans; release savepoint plans" if inside else b"rollback")
