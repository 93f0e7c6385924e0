"""One statement as it goes over the wire: text, parameters already encoded, and the format its rows come in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from psycopg.abc import Buffer, Transformer
from psycopg.adapt import PyFormat
from psycopg.postgres import types as builtin
from psycopg.pq import Format

TEXT_OID: Final = builtin["text"].oid
_INT8: Final = builtin["int8"].oid
_NARROW_INTEGERS: Final = frozenset({builtin["int2"].oid, builtin["int4"].oid})


@dataclass(frozen=True, slots=True, repr=False)
class Step:
    """``types`` are OIDs (0: the server infers), ``formats`` 0 for text and 1 for binary; no repr shows values."""

    sql: bytes
    parameters: Sequence[Buffer | None] = ()
    types: tuple[int, ...] = ()
    formats: Sequence[Format] = ()
    row_format: Format = Format.TEXT

    def __repr__(self) -> str:
        return f"<Step {self.sql.decode(errors='replace')!r}>"


def encoded(transformer: Transformer, sql: bytes, values: Sequence[Any], row_format: Format) -> Step:
    """A step with its Python values encoded by psycopg's adapters.

    psycopg picks the narrowest integer type for each value; here they are all int8, in text, so that one shape of
    a statement is one prepared statement.
    """
    if not values:
        return Step(sql, row_format=row_format)
    parameters = transformer.dump_sequence(values, [PyFormat.TEXT] * len(values))
    types = tuple(_INT8 if oid in _NARROW_INTEGERS else oid for oid in transformer.types or ())
    return Step(sql, parameters, types, transformer.formats or (), row_format)


def settings_step(settings: Sequence[tuple[str, bytes]]) -> Step:
    """One statement that makes the connection the caller, until the end of the transaction."""
    calls = ", ".join(f"set_config('{name}', ${place}, true)" for place, (name, _) in enumerate(settings, 1))
    values = [value for _, value in settings]
    return Step(f"SELECT {calls}".encode(), values, (TEXT_OID,) * len(values), [Format.TEXT] * len(values))
