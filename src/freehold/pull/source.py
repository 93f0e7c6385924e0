"""The source of a module from the classes in it: its imports, and names that a column would hide."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

_WIDTH: Final = 120
_FROM: Final = {
    "datetime": "date datetime time timedelta",
    "decimal": "Decimal",
    "typing": "Any Literal",
    "uuid": "UUID",
    "freehold": "Access Col Command Model Policy Role Sealed belongs_to caller_id claim column created_at deleted_at json owner"
    " primary_key sealed updated_at",
    "freehold.models": "sql",
    "sqlalchemy": "BigInteger Boolean CHAR CheckConstraint Date DateTime Double ForeignKeyConstraint Index Integer Interval JSON"
    " LargeBinary Numeric REAL SmallInteger String Text Time UniqueConstraint Uuid and_ false literal_column not_ or_ text true",
    "sqlalchemy.dialects.postgresql": "ARRAY CITEXT DOMAIN ENUM INET TIMESTAMP",
    "sqlalchemy.schema": "conv",
}
_PLACE: Final = {name: module for module, names in _FROM.items() for name in names.split()}
_STANDARD: Final = frozenset({"datetime", "decimal", "typing", "uuid"})
_OWN_WORDS: Final = frozenset({"created_at", "updated_at", "deleted_at"})
"""Columns that are declared by the word of their name, once: the word is read before it is hidden."""


def module(docstring: str, body: str, columns: Iterable[str]) -> str:
    """A module of ``body``; ``columns``: the names that its classes define, which hide imported ones below them."""
    hidden = frozenset(columns) & _PLACE.keys() - _OWN_WORDS
    used = {token.string for token in _tokens(body) if _names(token)} & _PLACE.keys()
    text = _renamed(body, hidden) if hidden else body
    imports = "\n\n".join("\n".join(lines) for lines in _imports(used, hidden) if lines)
    head = f'"""{docstring}"""\n\nfrom __future__ import annotations\n\n{imports}\n'
    text = text.strip("\n")
    return head + ("\n\n" if text.startswith("class ") else "\n") + text + "\n"


def _imports(used: set[str], hidden: frozenset[str]) -> Iterator[list[str]]:
    modules = sorted({_PLACE[name] for name in used})
    for standard in (True, False):
        found = [each for each in modules if (each in _STANDARD) is standard]
        yield [line for each in found for line in _lines(each, {name for name in used if _PLACE[name] == each}, hidden)]


def _lines(place: str, names: set[str], hidden: frozenset[str]) -> list[str]:
    """One line for all names as they are, one for each alias, in the order of the first name in each."""
    plain = sorted(names - hidden, key=_order)
    lines = [(_order(name), f"from {place} import {name} as {name}_") for name in names & hidden]
    if plain:
        lines.append((_order(plain[0]), _line(place, plain)))
    return [line for _, line in sorted(lines)]


def _line(place: str, names: Sequence[str]) -> str:
    line = f"from {place} import {', '.join(names)}"
    if len(line) <= _WIDTH:
        return line
    return f"from {place} import (\n" + "".join(f"    {name},\n" for name in names) + ")"


def _order(name: str) -> tuple[int, str]:
    """Constants, classes, then the rest: as import sorters do."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2), name


def _renamed(body: str, hidden: frozenset[str]) -> str:
    """``body`` with the alias wherever it means an imported name, and not a column or a keyword."""
    lines = body.splitlines(keepends=True)
    for token in reversed(_tokens(body)):
        if token.string in hidden and _names(token):
            row, end = token.end
            lines[row - 1] = lines[row - 1][:end] + "_" + lines[row - 1][end:]
    return "".join(lines)


def _tokens(body: str) -> list[tokenize.TokenInfo]:
    return list(tokenize.generate_tokens(io.StringIO(body).readline))


def _names(token: tokenize.TokenInfo) -> bool:
    """Whether a token is a name that is read: no attribute, keyword argument or column."""
    if token.type != tokenize.NAME:
        return False
    before, after = token.line[: token.start[1]], token.line[token.end[1] :]
    return not before.rstrip().endswith(".") and not re.match(r"=(?!=)|:(?! Literal)", after.lstrip())
