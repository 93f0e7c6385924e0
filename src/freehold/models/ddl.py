"""The DDL of a set of models, in an order PostgreSQL accepts: what a new database needs to hold them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import MetaData, Table
from sqlalchemy.dialects.postgresql import ENUM, CreateEnumType
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.schema import CreateIndex, CreateTable, ExecutableDDLElement

from freehold.models.function import function_statements
from freehold.models.protection import protection_of, qualified
from freehold.models.rules import rules_of
from freehold.models.statement import statements_of
from freehold.policies import quote_identifier, quote_literal

_SCHEMA: Final = re.compile(r"\s*CREATE SCHEMA\b", re.IGNORECASE)
"""Before the types that are in it."""
_DIALECT: Final = PGDialect(paramstyle="named")  # type: ignore[no-untyped-call]


def schema_statements(metadata: MetaData) -> tuple[str, ...]:
    """Every statement for the tables of ``metadata``: types, tables, indexes, triggers, their protection, functions."""
    tables = metadata.sorted_tables
    first = statements_of(metadata, first=True)
    schemas = [each for each in first if _SCHEMA.match(each)]
    statements = [*schemas, *_enums(tables), *(each for each in first if each not in schemas)]
    statements += [statement for table in tables for statement in _table(table)]
    for table in tables:
        statements += protection_of(table).statements()
    return (*statements, *function_statements(tables), *statements_of(metadata, first=False))


def _enums(tables: Sequence[Table]) -> Iterator[str]:
    """The enum types that columns are of, each once."""
    types: list[Any] = [column.type for table in tables for column in table.columns if _is_enum(column.type)]
    enums = {(str(each.schema), str(each.name)): each for each in types}
    for _, enum in sorted(enums.items()):
        yield _text(CreateEnumType(enum))


def _is_enum(type_: object) -> bool:
    return isinstance(type_, ENUM)


def _table(table: Table) -> Iterator[str]:
    yield _text(CreateTable(table))
    for index in sorted(table.indexes, key=lambda index: str(index.name)):
        yield _text(CreateIndex(index))
    touched = rules_of(table).updated_at
    if touched is not None:
        argument = "" if touched == "updated_at" else quote_literal(touched)
        yield (
            f"CREATE TRIGGER {quote_identifier(f'{table.name}_{touched}')} BEFORE UPDATE ON {qualified(table)} "
            f"FOR EACH ROW EXECUTE FUNCTION freehold.set_updated_at({argument})"
        )


def _text(element: ExecutableDDLElement) -> str:
    return str(element.compile(dialect=_DIALECT)).strip()
