"""Pieces of SQL that attacks are put together from."""

from __future__ import annotations

from collections.abc import Iterable

from freehold.policies import quote_identifier
from freehold.proof.seed import Row
from freehold.proof.value import NULL


def names_of(names: Iterable[str]) -> str:
    """The names as a list."""
    return ", ".join(map(quote_identifier, names))


def condition(values: Row) -> str:
    """The rows that have these values."""
    parts = (
        f"{quote_identifier(name)} {'IS NULL' if value == NULL else f'= {value}'}" for name, value in values.items()
    )
    return " AND ".join(parts)


def digest(table: str, condition: str) -> str:
    """SELECT of what tells whether the rows are the same."""
    return (
        f"SELECT pg_catalog.md5(coalesce(pg_catalog.string_agg(t::text, ',' ORDER BY t::text), '')) FROM {table} t"
        f" WHERE {condition}"
    )


def unguarded(sql: str) -> str:
    """``sql`` past triggers and foreign keys."""
    return f"SET LOCAL session_replication_role = replica; {sql}; SET LOCAL session_replication_role = origin"
