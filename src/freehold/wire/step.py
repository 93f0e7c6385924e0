"""One statement as it goes over the wire: text, parameters already encoded, and the format its rows come in."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Final, NamedTuple

import psycopg
from psycopg.abc import Buffer, Transformer
from psycopg.adapt import PyFormat
from psycopg.postgres import types as builtin
from psycopg.pq import Format

from freehold.errors import Code, StatementError

TEXT_OID: Final = builtin["text"].oid
_TEXTS: Final = (TEXT_OID,) * 16
_INT8: Final = builtin["int8"].oid
_NARROW_INTEGERS: Final = frozenset({builtin["int2"].oid, builtin["int4"].oid})


class Step(NamedTuple):
    """``types`` are OIDs (0: the server infers), ``formats`` 0 for text and 1 for binary; no repr shows values."""

    sql: bytes
    parameters: Sequence[Buffer | None] = ()
    types: tuple[int, ...] = ()
    formats: Sequence[Format] | None = None
    row_format: Format = Format.TEXT

    def __repr__(self) -> str:
        return f"<Step {self.sql.decode(errors='replace')!r}>"


def encoded(
    transformer: Transformer, sql: bytes, values: Sequence[Any], row_format: Format, *, widened: bool = True
) -> Step:
    """A step with its Python values encoded, in text, by psycopg's adapters.

    psycopg picks the narrowest integer type for each value; ``widened`` makes them all int8, so that one shape of a
    statement is one prepared statement. Raises `StatementError` (FH210) for a value that has no encoding.
    """
    if not values:
        return Step(sql, row_format=row_format)
    try:
        parameters = transformer.dump_sequence(values, [PyFormat.TEXT] * len(values))
    except (psycopg.Error, UnicodeError):
        raise StatementError(
            Code.VALUE_INVALID,
            "A parameter cannot be sent to PostgreSQL.",
            detail=f"The types are {', '.join(type(value).__name__ for value in values)}.",
            hint="Pass numbers, well-formed text, bytes, dates or UUIDs.",
        ) from None
    types = tuple(transformer.types or ())
    if widened and not _NARROW_INTEGERS.isdisjoint(types):
        types = tuple(_INT8 if oid in _NARROW_INTEGERS else oid for oid in types)
    return Step(sql, parameters, types, transformer.formats, row_format)


def settings_step(sql: bytes, values: Sequence[bytes]) -> Step:
    """`settings_sql` with its values."""
    return Step(sql, values, _TEXTS[: len(values)])


@cache
def settings_sql(placed: tuple[tuple[str, int], ...], fixed: tuple[tuple[str, int], ...]) -> bytes:
    """One statement that makes the connection the caller, until the end of the transaction.

    ``placed`` take their values from parameters, by place; those of ``fixed`` are numbers, and part of the text.
    """
    calls = [f"set_config('{name}', ${place}, true)" for name, place in placed]
    calls += [f"set_config('{name}', '{value:d}', true)" for name, value in fixed]
    return f"SELECT {', '.join(calls)}".encode()
