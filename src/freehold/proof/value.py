"""Values for a column, as SQL: what its type allows, and what its CHECK constraints seem to ask for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from freehold.policies import quote_literal
from freehold.proof.relation import Check, Column

NULL: Final = "NULL"
_TEXT: Final = re.compile(r"'((?:[^']|'')*)'")
_LIKE: Final = re.compile(r"~~\*? '((?:[^']|'')*)'")
_LONGEST: Final = 10_000
_NUMBER: Final = re.compile(r"(?<![\w.'])-?\d+(?:\.\d+)?(?![\w.'])")
_FORMS: Final = (
    "{mark}-{column}",
    "{mark}@example.org",
    "https://example.org/{mark}",
    "{short}",
    "{hexadecimal}",
    "{number}",
    "A",
    "EUR",
    "en",
    "#{hexadecimal:.6}",
    "+4420794600{number:0>2}",
)
"""Texts that CHECK constraints ask for most often."""

_FIXED: Final = {
    "bool": ("false", "true"),
    "json": ("'[]'", "'{}'"),
    "jsonb": ("'[]'", "'{}'"),
    "bytea": (r"'\x00'",),
    "inet": ("'192.0.2.1'",),
    "cidr": ("'192.0.2.0/24'",),
    "macaddr": ("'08:00:2b:01:02:03'",),
    "macaddr8": ("'08:00:2b:01:02:03:04:05'",),
    "time": ("'12:00'",),
    "timetz": ("'12:00+00'",),
    "interval": ("'1 hour'",),
    "point": ("'(0,0)'",),
    "tsvector": ("'word'",),
    "tsquery": ("'word'",),
    "xml": ("'<a/>'",),
    "money": ("1",),
    "bit": ("B'0'",),
    "varbit": ("B'0'",),
}


def candidates(column: Column, checks: Iterable[Check], mark: str, number: int) -> Iterator[str]:
    """Values to try, best first. ``mark`` tells whose the row is, ``number`` (> 0) makes them unlike other rows'."""
    seen = set[str]()
    asked = [check.definition for check in checks if column.name in check.columns]
    for value in _all(column, asked, mark, number):
        if value not in seen:
            seen.add(value)
            yield value
    if not column.required:
        yield NULL


def _all(column: Column, asked: list[str], mark: str, number: int) -> Iterator[str]:
    if column.labels:
        yield from map(quote_literal, _turned(column.labels, number))
    elif column.category == "S":
        found = [text.replace("''", "'") for definition in asked for text in _TEXT.findall(_LIKE.sub("", definition))]
        yield from map(quote_literal, _turned(tuple(found), number))
        yield from map(quote_literal, _alike(asked, f"{mark}-{number}-{column.name}"))
        short = f"{mark[:1]}{number}"
        hexadecimal = f"{number:064x}"
        for form in _FORMS:
            text = form.format(
                mark=f"{mark}-{number}", column=column.name, short=short, hexadecimal=hexadecimal, number=number
            )
            yield quote_literal(text[: column.length] if column.length else text)
        yield from map(quote_literal, _long(asked, f"{number}{mark}{column.name}"))
    elif column.category == "N" and column.base != "money":
        found = [text for definition in asked for text in _NUMBER.findall(definition)]
        yield str(number)
        yield from found
        yield from (f"{text} + 1" for text in found)
        yield "0"
    elif column.base == "uuid":
        yield f"'{number:08x}-{sum(mark.encode()):04x}-4000-8000-000000000000'"
    elif column.base in ("date", "timestamp", "timestamptz"):
        found = [f"{quote_literal(text)}::{column.base}" for definition in asked for text in _TEXT.findall(definition)]
        apart = f"interval '{number} {'days' if column.base == 'date' else 'hours'}'"
        yield from (f"{text} + {apart}" for text in found)
        yield from found
        yield f"'2001-01-01'::{column.base} + {apart}"
        yield "'2999-01-01'"
    elif column.category == "A":
        yield "'{}'"
    elif column.category == "R":
        yield "'empty'"
    yield from _FIXED.get(column.base, ())


def _alike(asked: list[str], middle: str) -> Iterator[str]:
    """Texts that are LIKE a pattern."""
    for definition in asked:
        for pattern in _LIKE.findall(definition):
            yield pattern.replace("''", "'").replace("%", middle).replace("_", "x")


def _long(asked: list[str], text: str) -> Iterator[str]:
    """Texts as long as the bounds of a length."""
    for definition in asked:
        if "length(" in definition:
            for bound in map(int, re.findall(r"\b\d+\b", definition)):
                if 0 < bound <= _LONGEST:
                    yield text[:bound].ljust(bound, "x")


def _turned(values: tuple[str, ...], number: int) -> tuple[str, ...]:
    """The values, beginning with another one for another row."""
    start = (number - 1) % len(values) if values else 0
    return values[start:] + values[:start]
