"""SQL that belongs to the schema and that models have no word for: views, functions, triggers, comments."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import MetaData

_KEY: Final = "freehold.statements"


def sql(statement: str, metadata: MetaData, *, first: bool = False) -> None:
    """Adds one statement to the schema of ``metadata``, run after its tables and their protection.

    ``first``: before them, for what a table needs: a type, a function in a default. Migrations compare what it makes,
    like everything else.
    """
    metadata.info.setdefault(_KEY, {True: [], False: []})[first].append(statement)


def statements_of(metadata: MetaData, *, first: bool) -> tuple[str, ...]:
    """The statements of ``metadata`` that come before its tables, or after them."""
    kept: dict[bool, list[Any]] = metadata.info.get(_KEY, {})
    return tuple(kept.get(first, ()))
