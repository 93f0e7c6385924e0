"""Names of classes: from a table's name to the singular that a model is called."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping
from typing import Final

from freehold.catalog import Key

_IRREGULAR: Final[Mapping[str, str]] = {"people": "person", "children": "child", "news": "news", "series": "series"}
_TAKEN: Final = frozenset({"Model", "Col", "Policy", "Command", "Role", "Access", "Index", "Any", "Literal"})
_RESERVED: Final = frozenset({"metadata", "registry"})


def class_names(tables: Iterable[Key]) -> dict[Key, str]:
    """A name for the model of each (schema, table): ``task_messages`` is ``TaskMessage``; no two alike."""
    names: dict[Key, str] = {}
    for key in sorted(tables):
        stem = _class_name(key[1])
        if stem in _TAKEN or stem in names.values():
            stem = f"{stem}Row" if key[0] == "public" else _class_name(f"{key[0]}_{key[1]}")
        while stem in names.values():
            stem += "_"
        names[key] = stem
    return names


def attribute(column: str) -> str | None:
    """The attribute of a column, which has its name; None where that cannot be a Python name."""
    usable = column.isidentifier() and not keyword.iskeyword(column) and not column.startswith("__")
    return column if usable and column not in _RESERVED else None


def _class_name(table: str) -> str:
    words = [word for word in re.split(r"[^0-9A-Za-z]+|(?<=[a-z0-9])(?=[A-Z])", table) if word]
    words = [*words[:-1], _singular(words[-1].lower())] if words else ["table"]
    name = "".join(word[:1].upper() + word[1:] for word in words)
    return name if name[0].isalpha() else f"T{name}"


def _singular(word: str) -> str:
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    if word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
