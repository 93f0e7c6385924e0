"""Many values as one parameter: the text form of a PostgreSQL array (manual, section 8.15.6), made at the speed of ``join``.

psycopg's own dumper decides about every element by itself, which takes longer than the server takes to store it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final, cast
from uuid import UUID

from freehold.errors import Code, StatementError

_NULL: Final = "NULL"


def array_text(values: Sequence[Any]) -> str:
    """The values, None for NULL; raises `StatementError` (FH210) for one that has no text form here."""
    kinds = set(map(type, values))
    if kinds == {str}:
        return _texts(values)
    if kinds == {UUID}:
        return "{" + ",".join(["%032x" % value.int for value in values]) + "}"  # noqa: UP031 - half the time
    if len(kinds) == 1 and (write := _ELEMENTS.get(next(iter(kinds)))) is not None:
        return "{" + ",".join(map(write, values)) + "}"
    return "{" + ",".join([_NULL if value is None else _element(value) for value in values]) + "}"


def _texts(values: Sequence[str]) -> str:
    joined = '","'.join(values)
    if "\\" not in joined and joined.count('"') == 2 * (len(values) - 1) and "\0" not in joined:
        return '{"' + joined + '"}'
    return "{" + ",".join(map(_quoted, values)) + "}"


def _quoted(value: str) -> str:
    if "\0" in value:
        raise StatementError(
            Code.VALUE_INVALID,
            "A text contains a NUL character, which PostgreSQL cannot hold.",
            hint="Pass a value of the column's type.",
        )
    escaped = value.replace("\\", r"\\").replace('"', r"\"")
    return f'"{escaped}"'


def _moment(value: datetime) -> str:
    if value.tzinfo is None:
        raise StatementError(
            Code.VALUE_INVALID,
            "A timestamp has no time zone, so it means another moment on every machine.",
            hint="Pass a value of the column's type.",
        )
    return f'"{value.isoformat()}"'


def _number(value: float) -> str:
    return repr(value) if math.isfinite(value) else f'"{value}"'


_ELEMENTS: Final[dict[type[Any], Callable[[Any], str]]] = {
    str: _quoted,
    bool: lambda value: "t" if value else "f",
    int: str,
    float: _number,
    UUID: str,
    Decimal: str,
    datetime: _moment,
    date: date.isoformat,
    time: time.isoformat,
    bytes: lambda value: f'"\\\\x{value.hex()}"',
}


def _element(value: Any) -> str:
    write = _ELEMENTS.get(cast(Any, type(value))) or next(
        (_ELEMENTS[base] for base in _ELEMENTS if isinstance(value, base)), None
    )
    if write is None:
        raise StatementError(
            Code.VALUE_INVALID,
            "A parameter cannot be sent to PostgreSQL.",
            detail=f"The type is {type(value).__name__}.",
            hint="Pass numbers, well-formed text, bytes, dates or UUIDs.",
        )
    return write(value)
