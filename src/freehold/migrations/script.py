"""The SQL beside a revision: marked so that it can be cut into units and statements without parsing SQL.

Every marker is a comment, so psql runs the same file (``psql -f``, one connection, statement by statement).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, cast

_MARK: Final = "-- freehold: "
_STATEMENT: Final = f"{_MARK}statement"
_REVISION: Final = f"{_MARK}revision "
_REVISES: Final = f"{_MARK}revises "
_REPLACES: Final = f"{_MARK}replaces "
_FACTS: Final = f"{_MARK}facts "
_SIGNED: Final = f"{_MARK}signed off "
_UNIT: Final = f"{_MARK}unit "


class Mode(StrEnum):
    """How a unit runs."""

    TRANSACTION = "transaction"
    """Its statements and its ledger row succeed together."""
    AUTOCOMMIT = "autocommit"
    """Each statement by itself, outside a transaction."""
    BATCHES = "batches"
    """One UPDATE or DELETE, over ranges of the table's key, a commit each."""


@dataclass(frozen=True, slots=True)
class Index:
    """What a unit outside a transaction leaves: an index, by schema, table and name, made or dropped."""

    schema: str
    table: str
    name: str
    made: bool = True


@dataclass(frozen=True, slots=True)
class Batches:
    """What a batched unit walks: a table by its ``key``, ``size`` rows at a time.

    Its statement ends with ``WHERE (...)``, which no row fulfils afterwards.
    """

    schema: str
    table: str
    key: tuple[str, ...]
    size: int = 1000


@dataclass(frozen=True, slots=True)
class Unit:
    """Statements that run in one way. ``locks`` says of each what it locks; empty where nobody said."""

    statements: tuple[str, ...]
    mode: Mode = Mode.TRANSACTION
    about: Index | Batches | None = None
    locks: tuple[str, ...] = field(default=(), compare=False)

    @property
    def transactional(self) -> bool:
        """Whether it succeeds as a whole or leaves nothing."""
        return self.mode is Mode.TRANSACTION

    @property
    def described(self) -> tuple[tuple[str, str], ...]:
        """Each statement with what it locks."""
        locks = self.locks or ("",) * len(self.statements)
        return tuple(zip(self.statements, locks, strict=True))


@dataclass(frozen=True, slots=True)
class Script:
    """One direction of a revision.

    ``revises``: the revisions before it. ``notes``: what a reviewer should know. ``facts``: the hash of the facts it
    leads to, and the major version of the server that printed them. ``signed``: the weakenings somebody answers for.
    ``replaces``: the revisions it was squashed from.
    """

    revision: str
    revises: tuple[str, ...]
    notes: tuple[str, ...]
    units: tuple[Unit, ...]
    facts: str = ""
    signed: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()

    @property
    def statements(self) -> tuple[str, ...]:
        """The statements of all units."""
        return tuple(statement for unit in self.units for statement in unit.statements)

    @property
    def sums(self) -> tuple[str, ...]:
        """A checksum for each unit, which the ledger keeps: of what it runs, its place, and how many there are."""
        total = len(self.units)
        return tuple(_sum(f"{place}/{total}", unit) for place, unit in enumerate(self.units, start=1))

    def render(self) -> str:
        """The text of the file. Raises ValueError for a statement that holds a marker."""
        lines = [f"{_REVISION}{self.revision}"]
        lines += [f"{_REVISES}{', '.join(self.revises)}"] if self.revises else []
        lines += [f"{_REPLACES}{', '.join(self.replaces)}"] if self.replaces else []
        lines += [f"{_FACTS}{self.facts}"] if self.facts else []
        lines += [f"-- {part}".rstrip() for note in self.notes for part in note.splitlines()]
        lines += [f"{_SIGNED}{' '.join(sentence.split())}" for sentence in self.signed]
        for unit in self.units:
            lines += ["", f"{_UNIT}{_header(unit)}"]
            for statement, lock in unit.described:
                if any(line.startswith(_MARK) for line in statement.splitlines()):
                    raise ValueError(f"a statement has a line that begins with {_MARK!r}")
                lines += ["", f"{_STATEMENT}: {lock}" if lock else _STATEMENT, f"{statement};"]
        return "\n".join(lines) + "\n"


@dataclass
class _Draft:
    """A file being read."""

    revision: str = ""
    revises: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    facts: str = ""
    notes: list[str] = field(default_factory=list[str])
    signed: list[str] = field(default_factory=list[str])
    units: list[tuple[str, list[tuple[str, list[str]]]]] = field(
        default_factory=list[tuple[str, list[tuple[str, list[str]]]]]
    )

    def take(self, line: str) -> None:
        if line.startswith(_MARK):
            self._marker(line)
        elif self.units and self.units[-1][1]:
            self.units[-1][1][-1][1].append(line)
        elif line.startswith("--"):
            self.notes.append(line.removeprefix("--").strip())
        elif line.strip():
            raise ValueError("a line stands before the first statement marker")

    def _marker(self, line: str) -> None:
        if line.startswith(_REVISION):
            self.revision = line.removeprefix(_REVISION).strip()
        elif line.startswith(_REVISES):
            self.revises = tuple(part.strip() for part in line.removeprefix(_REVISES).split(","))
        elif line.startswith(_REPLACES):
            self.replaces = tuple(part.strip() for part in line.removeprefix(_REPLACES).split(","))
        elif line.startswith(_FACTS):
            self.facts = line.removeprefix(_FACTS).strip()
        elif line.startswith(_SIGNED):
            self.signed.append(line.removeprefix(_SIGNED).strip())
        elif line.startswith(_UNIT):
            self.units.append((line.removeprefix(_UNIT).strip(), []))
        elif self.units and (line == _STATEMENT or line.startswith(f"{_STATEMENT}: ")):
            self.units[-1][1].append((line.removeprefix(_STATEMENT).removeprefix(": ").strip(), []))
        else:
            raise ValueError(f"unknown marker: {line}")


def parse(text: str) -> Script:
    """The script that was rendered to ``text``. Raises ValueError when it has no revision or unit where one must be."""
    draft = _Draft()
    for line in text.split("\n"):
        draft.take(line)
    if not draft.revision:
        raise ValueError("no revision marker")
    units = tuple(_unit(header, statements) for header, statements in draft.units)
    return Script(
        draft.revision, draft.revises, tuple(draft.notes), units, draft.facts, tuple(draft.signed), draft.replaces
    )


def _header(unit: Unit) -> str:
    """``transaction``, ``autocommit makes index ["public", "tasks", "ix"]``, ``batches {...}``."""
    about = unit.about
    if isinstance(about, Index):
        verb = "makes" if about.made else "drops"
        return f"{unit.mode} {verb} index {json.dumps([about.schema, about.table, about.name])}"
    if isinstance(about, Batches):
        fields = {"table": [about.schema, about.table], "key": about.key, "size": about.size}
        return f"{unit.mode} {json.dumps(fields)}"
    return unit.mode


def _unit(header: str, found: Sequence[tuple[str, Sequence[str]]]) -> Unit:
    mode, _, rest = header.partition(" ")
    if mode not in set(Mode):
        raise ValueError(f"unknown unit: {mode}")
    pairs = [(lock, "\n".join(lines).strip().removesuffix(";")) for lock, lines in found]
    pairs = [(lock, text) for lock, text in pairs if text]
    locks = tuple(lock for lock, _ in pairs)
    unit = Unit(tuple(text for _, text in pairs), Mode(mode), _about(Mode(mode), rest), locks if any(locks) else ())
    if unit.about is not None and len(unit.statements) != 1:
        raise ValueError(f"a unit of {mode} that is about one thing has one statement")
    return unit


def _about(mode: Mode, text: str) -> Index | Batches | None:
    try:
        return next(_abouts(mode, text))
    except (StopIteration, KeyError, TypeError, ValueError):
        raise ValueError(f"unknown unit: {mode} {text}") from None


def _abouts(mode: Mode, text: str) -> Iterator[Index | Batches | None]:
    verb, _, names = text.partition(" index ")
    if mode is Mode.AUTOCOMMIT and verb in {"makes", "drops"}:
        schema, table, name = cast("list[str]", json.loads(names))
        yield Index(schema, table, name, verb == "makes")
    elif mode is Mode.BATCHES:
        fields = json.loads(text)
        schema, table = fields["table"]
        yield Batches(schema, table, tuple(fields["key"]), int(fields["size"]))
    elif not text:
        yield None


def _sum(place: str, unit: Unit) -> str:
    content = "\0".join((place, _header(unit), *unit.statements))
    return hashlib.sha256(content.encode()).hexdigest()
