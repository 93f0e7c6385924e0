"""A rule: it looks at one statement where it stands, and says what is wrong, why, and what to write instead."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final

from freehold.migrations.script import Unit

NAME: Final = r'((?:"(?:[^"]|"")+"|[\w$]+)(?:\.(?:"(?:[^"]|"")+"|[\w$]+))*)'
"""A name, quoted and qualified or not, as a group."""
_TABLE: Final = re.compile(rf"^ALTER (?:TABLE|MATERIALIZED VIEW)(?: IF EXISTS)?(?: ONLY)? {NAME}", re.IGNORECASE)
_LOCKED: Final = re.compile(
    rf"(?:^ALTER TABLE|^ANALYZE|^UPDATE|^DELETE FROM|^DROP TABLE|\sON|\sREFERENCES)(?: TABLE| ONLY)? {NAME}",
    re.IGNORECASE,
)


class Permit(StrEnum):
    """What allows a finding all the same; the revision then says so in a line that signs it off."""

    DROP = "--allow-drop"
    BLOCKING = "--allow-blocking"
    SIGN_OFF = "--sign-off"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a statement stands: in which unit and at which place of the script's statements, which made these tables."""

    unit: Unit
    statements: tuple[str, ...]
    number: int
    made: frozenset[str]

    @property
    def earlier(self) -> tuple[str, ...]:
        """The statements of the script before it."""
        return self.statements[: self.number]

    def new(self, name: str) -> bool:
        """Whether nobody can have used ``name`` yet."""
        return plain(name) in self.made


@dataclass(frozen=True, slots=True)
class Finding:
    """``rule`` and ``target`` name it in a line that signs it off: ``-- freehold: signed off index public.tasks: ...``."""

    rule: str
    target: str
    permit: Permit
    why: str
    instead: str

    @property
    def name(self) -> str:
        """What a signature begins with."""
        return f"{self.rule} {self.target}"


class SafetyRule(ABC):
    """Judges statements that begin with one of ``verbs``, its first word or two in lower case; silent where it may be so."""

    name: ClassVar[str]
    verbs: ClassVar[tuple[str, ...]]
    permit: ClassVar[Permit] = Permit.BLOCKING

    @abstractmethod
    def judge(self, statement: str, place: Place) -> Iterator[Finding]:
        """What ``statement`` does that it should not."""

    def found(self, target: str, why: str, instead: str) -> Finding:
        """A finding of this rule."""
        return Finding(self.name, plain(target), self.permit, why, instead)


def plain(name: str) -> str:
    """A name without quotes; in schema public where none is said."""
    bare = name.replace('"', "")
    return bare if "." in bare else f"public.{bare}"


def locked(unit: Unit) -> frozenset[str]:
    """The tables that a unit's statements lock, of those that others may use already."""
    return frozenset(name for sql, lock in unit.described if lock for name in tables_of(sql))


def tables_of(statement: str) -> tuple[str, ...]:
    """The tables that a statement locks, first the one that it is about."""
    return tuple(map(plain, _LOCKED.findall(statement)))


def altered(statement: str) -> str:
    """The table an ALTER TABLE is about; empty for other statements."""
    found = _TABLE.match(statement)
    return found[1] if found else ""
