"""From the SQL of a column's default to what a model says."""

from __future__ import annotations

import re
from typing import Final

from freehold.catalog import Fact
from freehold.pull.call import literal
from freehold.pull.expression import parse

_NULL: Final = re.compile(r"NULL(::.+)?", re.DOTALL)
_TYPED: Final = re.compile(r"'((?:[^'\\]|'')*)'::[\w. \"]+")
_FACTORIES: Final = {"'[]'::jsonb": "list", "'{}'::jsonb": "dict"}
_SEQUENCE: Final = re.compile(r"nextval\('(.+?)'::regclass\)")


def default_of(fact: Fact, *, choice: bool) -> tuple[str, ...]:
    """The arguments that say the default of a plain column; ``choice``: its values are constants of some type."""
    text = fact.text("default")
    if not text or _NULL.fullmatch(text):
        return () if fact.flag("not_null") else ("default=None",)
    value = _value(text, fact.text("type"), choice=choice)
    if value is not None:
        return (f"default={value}",)
    if text.startswith("'{}'::") and text.endswith("[]"):
        return ("default_factory=list", f"server_default={literal(text)}")
    return ("init=False", f"server_default={literal(text)}")


def factory_of(fact: Fact) -> str | None:
    """The factory of a jsonb column whose default is empty."""
    return _FACTORIES.get(fact.text("default"))


def sequence_of(fact: Fact) -> tuple[str, ...] | None:
    """The sequence a column takes its values from, as schema and name."""
    found = _SEQUENCE.fullmatch(fact.text("default"))
    return None if found is None else tuple(part.strip('"') for part in found[1].split("."))


def _value(text: str, sql_type: str, *, choice: bool) -> str | None:
    typed = _TYPED.fullmatch(text)
    if typed and sql_type in {"integer", "smallint", "bigint"} and re.fullmatch(r"-?\d+", typed[1]):
        return typed[1]
    if choice and typed:
        return literal(typed[1].replace("''", "'"))
    found = parse(text)
    if found is None or found.kind not in {"value", "truth"}:
        return None
    if found.kind == "truth":
        return found.name.title()
    numeric = not found.name.startswith(('"', "'"))
    textual = sql_type == "text" or sql_type.startswith("character varying")
    return found.name if numeric != textual else None
