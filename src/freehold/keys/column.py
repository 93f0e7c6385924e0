"""A sealed column as SQL sees it: how its values are read page by page, and replaced if they are still the same."""

# The names in the SQL are quoted names of the models.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import Table, Uuid

from freehold.encryption import Place
from freehold.models import INDEX_SUFFIX, owner_column, places_of
from freehold.policies import quote_identifier


@dataclass(frozen=True)
class SealedColumn:
    """One sealed column of a table."""

    table: Table
    place: Place

    @property
    def name(self) -> str:
        """``table.column``, for people and for jobs."""
        return f"{self.place.table}.{self.place.column}"

    @property
    def owned(self) -> bool:
        """Whether its values are sealed with their owners' keys."""
        return owner_column(self.table) is not None

    @cached_property
    def target(self) -> str:
        """The quoted name of the table."""
        return f"{quote_identifier(self.table.schema or 'public')}.{quote_identifier(self.table.name)}"

    @cached_property
    def value(self) -> str:
        """The quoted name of the column."""
        return quote_identifier(self.place.column)

    @cached_property
    def key(self) -> tuple[str, str]:
        """Owner and row, quoted; the row twice where rows have no owner."""
        owner = owner_column(self.table)
        row = next((each for each in self.table.primary_key if each is not owner), owner)
        if row is None:
            raise LookupError(self.name)
        return quote_identifier((owner if owner is not None else row).name), quote_identifier(row.name)

    @cached_property
    def types(self) -> tuple[str, str]:
        """The SQL types of `key`."""
        owner, row = ("uuid" if isinstance(self.table.c[name.strip('"')].type, Uuid) else "text" for name in self.key)
        return owner, row

    def page(self, condition: str, *, after: bool) -> str:
        """Rows in the order of their keys: owner, row, value; parameters: condition's, then the last key, a limit."""
        (owner, row), (owner_type, row_type) = self.key, self.types
        beyond = f" AND ({owner}, {row}) > (%s::{owner_type}, %s::{row_type})" if after else ""
        return (
            f"SELECT {owner}::text, {row}::text, {self.value} FROM {self.target} "
            f"WHERE {condition}{beyond} ORDER BY {owner}, {row} LIMIT %s"
        )

    def count(self, condition: str) -> str:
        """How many rows meet the condition."""
        return f"SELECT count(*) FROM {self.target} WHERE {condition}"

    @cached_property
    def swap(self) -> str:
        """Compare and swap: owners, rows, old values, new values, new blind indexes; a value changed since is left."""
        (owner, row), (owner_type, row_type) = self.key, self.types
        index = f", {quote_identifier(self.place.column + INDEX_SUFFIX)} = new.i" if self.place.indexed else ""
        return (
            f"UPDATE {self.target} AS t SET {self.value} = new.v{index} "
            f"FROM unnest(%s::{owner_type}[], %s::{row_type}[], %s::text[], %s::text[], %s::text[]) AS new (o, r, w, v, i) "
            f"WHERE t.{owner} = new.o AND t.{row} = new.r AND t.{self.value} = new.w"
        )


def sealed_columns(tables: Iterable[Table]) -> tuple[SealedColumn, ...]:
    """Every sealed column of the tables."""
    return tuple(_columns(tables))


def _columns(tables: Iterable[Table]) -> Iterator[SealedColumn]:
    for table in tables:
        for place in places_of(table):
            yield SealedColumn(table, place)
