"""Python source in the formatter's own style: a call on one line, its arguments on the next, or one on each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_WIDTH: Final = 120
_ITEM: Final = 8


def literal(value: str) -> str:
    """A string as source, in double quotes wherever that needs no escape."""
    text = repr(value)
    if text.startswith("'") and '"' not in text:
        return f'"{text[1:-1]}"'
    return text


def call(name: str, arguments: Sequence[str], *, indent: int = 0, head: str = "") -> str:
    """``head`` + ``name(arguments)``, on a line that is indented by ``indent``."""
    return enclosed(f"{head}{name}(", arguments, ")", indent=indent)


def enclosed(opening: str, items: Sequence[str], closing: str, *, indent: int = 0, trailing: bool = False) -> str:
    """``opening items closing``, broken where it does not fit. ``trailing``: a comma even on one line, as in ``(x,)``.

    ``indent``: of the line, which the result does not begin with; from 8 on it is itself an item, with a comma.
    """
    line = f"{opening}{', '.join(items)}{',' if trailing and len(items) == 1 else ''}{closing}"
    if indent + len(line) + (indent >= _ITEM) <= _WIDTH and "\n" not in line:
        return line
    inner, outer = " " * (indent + 4), " " * indent
    joined = ", ".join(items)
    if len(inner) + len(joined) <= _WIDTH and "\n" not in joined and not trailing:
        return f"{opening}\n{inner}{joined}\n{outer}{closing}"
    return f"{opening}\n" + "".join(f"{inner}{item},\n" for item in items) + f"{outer}{closing}"
