"""How a raw statement opens: enough of SQL's lexical rules to know its first word."""

from __future__ import annotations

import re
from typing import Final

_BLANK: Final = re.compile(r"(?:\s+|--[^\n]*(?:\n|$))+")
_WORD: Final = re.compile(r"[A-Za-z_]+")
_COMMENT_EDGE: Final = re.compile(r"/\*|\*/")
_TRANSACTION_WORDS: Final = frozenset(
    {"abort", "begin", "commit", "end", "prepare transaction", "release", "rollback", "savepoint", "start"}
)


def opens_or_ends_transaction(sql: str) -> bool:
    """Whether the statement is one of those that begin or end transactions and savepoints."""
    first, place = _word(sql, 0)
    second, _ = _word(sql, place)
    return first in _TRANSACTION_WORDS or f"{first} {second}" in _TRANSACTION_WORDS


def _word(sql: str, place: int) -> tuple[str, int]:
    found = _WORD.match(sql, _start(sql, place))
    return ("", place) if found is None else (found.group().lower(), found.end())


def _start(sql: str, place: int) -> int:
    """Where the next token stands, after white space and comments, which nest in PostgreSQL."""
    while True:
        blank = _BLANK.match(sql, place)
        if blank is not None:
            place = blank.end()
        elif sql.startswith("/*", place):
            place = _comment_end(sql, place)
        elif sql.startswith(";", place):
            place += 1
        else:
            return place


def _comment_end(sql: str, place: int) -> int:
    depth = 0
    for edge in _COMMENT_EDGE.finditer(sql, place):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return edge.end()
    return len(sql)
