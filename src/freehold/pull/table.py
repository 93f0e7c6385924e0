"""One table as its facts have it, with what belongs together side by side."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from freehold.catalog import Fact, Key, Kind, Snapshot
from freehold.policies import Command

_REFERENCE: Final = re.compile(r"FOREIGN KEY \((.+?)\) REFERENCES (.+?)\((.+?)\)(.*)", re.DOTALL)
_NAME: Final = re.compile(r'"((?:[^"]|"")+)"|([^\s",.()]+)')


@dataclass(frozen=True)
class Reference:
    """A foreign key; ``rest`` is what stands behind it, like ``ON DELETE CASCADE``."""

    fact: Fact
    columns: tuple[str, ...]
    target: tuple[str, str]
    key: tuple[str, ...]
    rest: str


@dataclass(frozen=True)
class Table:
    """A table among the facts of its schema."""

    fact: Fact
    facts: Snapshot

    @property
    def key(self) -> tuple[str, str]:
        """Schema and name."""
        return self.fact.key[0], self.fact.key[1]

    @property
    def name(self) -> str:
        """The name without the schema."""
        return self.fact.key[1]

    @cached_property
    def columns(self) -> Mapping[str, Fact]:
        """The columns by name, in their order."""
        return {fact.key[2]: fact for fact in sorted(self._parts(Kind.COLUMN), key=lambda fact: fact.rank)}

    @cached_property
    def primary_key(self) -> tuple[str, ...]:
        """The columns of the primary key."""
        return next((fact.names("columns") for fact in self.constraints("primary key")), ())

    @cached_property
    def references(self) -> tuple[Reference, ...]:
        """The foreign keys."""
        return tuple(_reference(fact) for fact in self.constraints("foreign key"))

    @cached_property
    def policies(self) -> tuple[Fact, ...]:
        """The policies."""
        return self._parts(Kind.POLICY)

    @property
    def guarded(self) -> bool:
        """Whether somebody decided who may see rows."""
        return self.fact.flag("row_security")

    def constraints(self, kind: str) -> tuple[Fact, ...]:
        """The constraints of one type."""
        return tuple(fact for fact in self._parts(Kind.CONSTRAINT) if fact.text("type") == kind)

    def indexes(self) -> tuple[Fact, ...]:
        """The indexes that no constraint made."""
        return self._parts(Kind.INDEX)

    def unique(self, *columns: str) -> bool:
        """Whether a constraint makes exactly ``columns`` unique."""
        return any(fact.names("columns") == columns for fact in self.constraints("unique"))

    def granted(self, role: str, privilege: str) -> frozenset[str]:
        """The columns that ``role`` may name with ``privilege``."""
        if self.facts.get((Kind.GRANT, ("table", *self.key, "", role, privilege))):
            return frozenset(self.columns)
        columns = self.facts.of(Kind.GRANT, "column", *self.key)
        return frozenset(fact.key[3] for fact in columns if fact.key[4:6] == (role, privilege))

    def privileges(self, *roles: str) -> frozenset[tuple[str, str]]:
        """(role, privilege) of every grant on the table or a column of it."""
        facts = (*self.facts.of(Kind.GRANT, "table", *self.key), *self.facts.of(Kind.GRANT, "column", *self.key))
        return frozenset((fact.key[4], fact.key[5]) for fact in facts if fact.key[4] in roles)

    def _parts(self, kind: Kind) -> tuple[Fact, ...]:
        return self.facts.of(kind, *self.key)


COMMANDS: Final = tuple(Command)


def names(text: str) -> tuple[str, ...]:
    """The identifiers in a list as PostgreSQL writes it."""
    return tuple((each[1] or each[2]).replace('""', '"') for each in _NAME.finditer(text))


def _reference(fact: Fact) -> Reference:
    found = _REFERENCE.fullmatch(fact.text("definition"))
    if found is None:
        raise ValueError(f"not a foreign key: {fact.name}")
    schema, table = names(found[2])
    return Reference(fact, names(found[1]), (schema, table), names(found[3]), found[4].strip())


def tables_of(facts: Snapshot) -> dict[Key, Table]:
    """The tables of a snapshot by schema and name."""
    return {fact.key: Table(fact, facts) for fact in facts.of(Kind.TABLE)}
