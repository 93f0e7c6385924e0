"""Names and text as SQL: the only two ways a value becomes part of a statement's text."""

from __future__ import annotations

from freehold.errors import Code, StatementError


def quote_identifier(name: str) -> str:
    """``name`` as a quoted identifier (PostgreSQL manual 4.1.1), always in quotes so that no keyword list is needed.

    Raises `StatementError` (FH210) for an empty name, one over 63 bytes (the server would cut it off) or one with NUL.
    """
    if not 0 < len(_encodable(name)) <= 63:
        raise StatementError(
            Code.VALUE_INVALID,
            "An identifier is empty or longer than 63 bytes.",
            hint="PostgreSQL cuts longer names off silently: choose one of 1-63 bytes.",
        )
    return '"' + name.replace('"', '""') + '"'


def quote_literal(text: str) -> str:
    """``text`` as a string constant that reads the same whatever ``standard_conforming_strings`` is.

    Raises `StatementError` (FH210) for text with NUL, which PostgreSQL cannot store.
    """
    _encodable(text)
    quoted = "'" + text.replace("'", "''") + "'"
    return "E" + quoted.replace("\\", "\\\\") if "\\" in text else quoted


def _encodable(text: str) -> bytes:
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        encoded = b"\0"
    if b"\0" in encoded:
        raise StatementError(
            Code.VALUE_INVALID,
            "Text for a statement contains a NUL character or half a surrogate pair.",
            hint="PostgreSQL cannot store these: remove them.",
        )
    return encoded
