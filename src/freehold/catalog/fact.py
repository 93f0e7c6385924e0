"""A fact: one thing PostgreSQL's catalog says about a schema, as a value that can be compared and kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

OWNER = "$owner"
"""What facts call the role that owns the application's objects, whatever it is named."""

Value: TypeAlias = str | int | bool | tuple[str, ...] | None
Key: TypeAlias = tuple[str, ...]


class Kind(StrEnum):
    """The kinds of facts; each has a file of this name in ``sql/``."""

    SCHEMA = "schema"
    ENUM = "enum"
    DOMAIN = "domain"
    SEQUENCE = "sequence"
    FUNCTION = "function"
    TABLE = "table"
    COLUMN = "column"
    CONSTRAINT = "constraint"
    INDEX = "index"
    VIEW = "view"
    POLICY = "policy"
    TRIGGER = "trigger"
    COMMENT = "comment"
    GRANT = "grant"
    DEFAULT_PRIVILEGE = "default_privilege"
    OTHER = "other"
    ROLE = "role"


@dataclass(frozen=True, slots=True)
class Fact:
    """``kind`` and ``key`` identify it, ``attributes`` (sorted by name) are what may change.

    ``rank`` is its place among siblings and ``requires`` what must exist before it, each a kind and a key;
    both order a plan and are not compared.
    """

    kind: Kind
    key: Key
    attributes: tuple[tuple[str, Value], ...] = ()
    rank: int = field(default=0, compare=False)
    requires: tuple[tuple[str, ...], ...] = field(default=(), compare=False)

    @classmethod
    def of(
        cls,
        kind: Kind,
        key: Sequence[str],
        attributes: Mapping[str, object],
        rank: int = 0,
        requires: Sequence[Sequence[str]] = (),
    ) -> Fact:
        """A fact from loose values, as rows and JSON have them."""
        pairs = tuple((name, _value(attributes[name])) for name in sorted(attributes))
        return cls(kind, tuple(key), pairs, rank, tuple(tuple(each) for each in requires))

    @property
    def identity(self) -> tuple[Kind, Key]:
        """What the fact is about."""
        return self.kind, self.key

    @property
    def name(self) -> str:
        """What the fact is about, for people: ``policy public.tasks.tasks_select``."""
        return f"{self.kind.value.replace('_', ' ')} {'.'.join(part for part in self.key if part)}"

    def get(self, name: str) -> Value:
        """An attribute; KeyError when facts of this kind have none of that name."""
        for each, value in self.attributes:
            if each == name:
                return value
        raise KeyError(name)

    def text(self, name: str) -> str:
        """An attribute that is text; empty where the catalog has none."""
        value = self.get(name)
        return "" if value is None else str(value)

    def flag(self, name: str) -> bool:
        """An attribute that is true or false; None is false."""
        return self.get(name) is True

    def names(self, name: str) -> tuple[str, ...]:
        """An attribute that is a list; None is empty."""
        value = self.get(name)
        return value if isinstance(value, tuple) else ()


def _value(value: object) -> Value:
    if isinstance(value, list | tuple):
        return tuple(str(each) for each in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if value is None or isinstance(value, str | int | bool):
        return value
    raise TypeError(f"A fact cannot hold a {type(value).__name__}.")
