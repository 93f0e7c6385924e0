"""Python source in the formatter's own style: a call on one line, its arguments on the next, or one on each."""

from __future__ import annotations

import io
import textwrap
import tokenize
from collections.abc import Sequence
from typing import Final

_WIDTH: Final = 120
_ITEM: Final = 8


def literal(value: str) -> str:
    """A string as source, in double quotes unless single ones need fewer escapes."""
    text = repr(value)
    if value.count('"') > value.count("'"):
        return text if text.startswith("'") else "'" + text[1:-1].replace("'", "\\'") + "'"
    inner = text[1:-1].replace("\\'", "'") if text.startswith("'") else text[1:-1]
    return '"' + inner.replace('"', '\\"') + '"' if text.startswith("'") else text


def comment(text: str, *, indent: int = 0) -> str:
    """``text`` as a comment, on as many lines as it needs."""
    lines = textwrap.wrap(text, _WIDTH - indent - 2, break_long_words=False, break_on_hyphens=False)
    return "\n".join(f"{' ' * indent}# {line}" for line in lines)


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
    lines = (_broken(item, indent + 4) for item in items)
    return f"{opening}\n" + "".join(f"{inner}{item},\n" for item in lines) + f"{outer}{closing}"


def _broken(item: str, indent: int) -> str:
    """An item that is a call and does not fit, with what stands in its last brackets on a line of their own."""
    if "\n" in item or indent + len(item) + 1 <= _WIDTH or not item.endswith(")"):
        return item
    place = _opening(item)
    return f"{item[: place + 1]}\n{' ' * (indent + 4)}{item[place + 1 : -1]}\n{' ' * indent})"


def _opening(item: str) -> int:
    """Where the bracket is opened that the last character closes."""
    ends = [
        token.start[1]
        for token in tokenize.generate_tokens(io.StringIO(item).readline)
        if token.string in "()" and token.string
    ]
    kinds = [item[place] for place in ends]
    depth = 0
    for place, kind in zip(reversed(ends), reversed(kinds), strict=True):
        depth += 1 if kind == ")" else -1
        if depth == 0:
            return place
    raise ValueError("the last bracket was never opened")
