"""From a column's SQL type to its annotation, and to the type it must be given where the annotation means another."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_PLAIN: Final = {
    "text": "str",
    "boolean": "bool",
    "bigint": "int",
    "double precision": "float",
    "bytea": "bytes",
    "uuid": "UUID",
    "timestamp with time zone": "datetime",
    "date": "date",
    "numeric": "Decimal",
}
_OTHER: Final = {
    "integer": ("int", "Integer()"),
    "smallint": ("int", "SmallInteger()"),
    "real": ("float", "REAL()"),
    "character varying": ("str", "String()"),
    "timestamp without time zone": ("datetime", "DateTime()"),
    "time without time zone": ("time", "Time()"),
    "interval": ("timedelta", "Interval()"),
    "json": ("Any", "JSON()"),
    "inet": ("str", "INET()"),
    "citext": ("str", "CITEXT()"),
    "public.citext": ("str", "CITEXT()"),
}
SQL_TYPES: Final = {
    "str": "Text()",
    "bool": "Boolean()",
    "int": "BigInteger()",
    "float": "Double()",
    "bytes": "LargeBinary()",
    "UUID": "Uuid()",
    "datetime": "DateTime(timezone=True)",
    "date": "Date()",
    "Decimal": "Numeric()",
}
"""The source of the type that an annotation alone means."""
_ELEMENTS: Final = {"text": "Text()", "bigint": "BigInteger()", "boolean": "Boolean()", "uuid": "Uuid()"}
_SIZED: Final = (
    (re.compile(r"character varying\((\d+)\)"), "str", "String({0})"),
    (re.compile(r"character\((\d+)\)"), "str", "CHAR({0})"),
    (re.compile(r"numeric\((\d+),(\d+)\)"), "Decimal", "Numeric({0}, {1})"),
    (re.compile(r"timestamp\((\d+)\) with time zone"), "datetime", "TIMESTAMP(timezone=True, precision={0})"),
    (re.compile(r"timestamp\((\d+)\) without time zone"), "datetime", "TIMESTAMP(precision={0})"),
)


@dataclass(frozen=True)
class ColumnKind:
    """``annotation``: Python source without ``| None``. ``sql_type``: source of the type, None where it follows."""

    annotation: str
    sql_type: str | None = None


def kind_of(sql_type: str) -> ColumnKind | None:
    """The kind of a type as ``format_type`` spells it; None where models have no word for it."""
    if sql_type in _PLAIN:
        return ColumnKind(_PLAIN[sql_type])
    if sql_type in _OTHER:
        return ColumnKind(*_OTHER[sql_type])
    for pattern, annotation, template in _SIZED:
        if found := pattern.fullmatch(sql_type):
            return ColumnKind(annotation, template.format(*found.groups()))
    if sql_type.endswith("[]"):
        return _array(sql_type.removesuffix("[]"))
    return None


def _array(element: str) -> ColumnKind | None:
    inner = kind_of(element)
    source = _ELEMENTS.get(element) or (inner and inner.sql_type)
    return None if inner is None or source is None else ColumnKind(f"list[{inner.annotation}]", f"ARRAY({source})")
