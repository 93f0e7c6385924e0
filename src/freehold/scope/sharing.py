"""Which statements may share a connection: those that cannot leave anything behind on it.

A function can: ``set_config(..., false)``, advisory locks, whatever a function of one's own does. So a statement shares
only if every function in it is known to leave nothing, and no part of it is text that could hold another.
"""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Any, Final

from sqlalchemy import ColumnClause, CompoundSelect, Select, TextClause, UpdateBase
from sqlalchemy.sql import visitors
from sqlalchemy.sql.functions import FunctionElement

_HARMLESS: Final = frozenset(
    line
    for line in files("freehold.scope").joinpath("harmless.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
)
_QUOTED: Final = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*\"""")
# What text needs to call a function, or to name a table; a backslash or a dollar could open a string of another kind.
_MORE_THAN_PLAIN: Final = re.compile(r"[(;\\$]|--|/\*|\b(?:select|from|join|table|with|into|union)\b", re.IGNORECASE)


def shares(statement: Any) -> bool:
    """Whether the statement may run on a connection that others use."""
    return not any(_opaque(element) or _may_leave_something(element) for element in _elements(statement))


def reads(statement: Any) -> bool:
    """Whether the statement only reads, so that it may be repeated when its answer was lost."""
    elements = _elements(statement)
    return isinstance(statement, (Select, CompoundSelect)) and not any(
        isinstance(each, UpdateBase) for each in elements
    )


def opaque(statement: Any) -> bool:
    """Whether a part of the statement is text that could name any table."""
    return any(_opaque(element) for element in _elements(statement))


def _elements(statement: Any) -> list[Any]:
    return list(visitors.iterate(statement))


def _opaque(element: Any) -> bool:
    if isinstance(element, TextClause):
        return _more_than_plain(element.text)
    if isinstance(element, ColumnClause):
        return bool(element.is_literal) and _more_than_plain(element.name)
    return False


def _more_than_plain(text: str) -> bool:
    return "\\" in text or _MORE_THAN_PLAIN.search(_QUOTED.sub("''", text)) is not None


def _may_leave_something(element: Any) -> bool:
    return isinstance(element, FunctionElement) and not _harmless(element)


def _harmless(function: Any) -> bool:
    return not getattr(function, "packagenames", ()) and str(getattr(function, "name", "")).lower() in _HARMLESS
