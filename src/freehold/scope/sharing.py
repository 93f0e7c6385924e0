"""What may share a connection: statements that cannot leave anything behind on it.

A function can: ``set_config(..., false)``, advisory locks, whatever a function of one's own does. So a statement shares
only if every function in it is known to leave nothing, and no part of it is text that could hold another.
"""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Any, Final

_HARMLESS: Final = frozenset(
    line
    for line in files("freehold.scope").joinpath("harmless.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
)
_QUOTED: Final = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*\"""")
# What text needs to call a function, or to name a table; a backslash or a dollar could open a string of another kind.
_MORE_THAN_PLAIN: Final = re.compile(r"[(;$]|--|/\*|\b(?:select|from|join|table|with|into|union)\b", re.IGNORECASE)


def harmless(function: Any) -> bool:
    """Whether a function is known to leave nothing behind: PostgreSQL's own, or declared by a model."""
    if getattr(function, "shares", False):
        return True
    return not getattr(function, "packagenames", ()) and str(function.name).lower() in _HARMLESS


def more_than_plain(text: str) -> bool:
    """Whether a piece of SQL text could hold a function call, or name a table."""
    return "\\" in text or _MORE_THAN_PLAIN.search(_QUOTED.sub("''", text)) is not None
