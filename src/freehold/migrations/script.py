"""The SQL beside a revision: marked so that it can be cut into units and statements without parsing SQL.

Every marker is a comment, so psql runs the same file (``psql --single-transaction -f``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_MARK: Final = "-- freehold: "
_STATEMENT: Final = f"{_MARK}statement"
_REVISION: Final = f"{_MARK}revision "
_REVISES: Final = f"{_MARK}revises "
_UNIT: Final = f"{_MARK}unit "
_KINDS: Final = {"transaction": True, "autocommit": False}


@dataclass(frozen=True, slots=True)
class Unit:
    """Statements that succeed together (``transactional``), or each by itself outside a transaction."""

    statements: tuple[str, ...]
    transactional: bool = True


@dataclass(frozen=True, slots=True)
class Script:
    """One direction of a revision. ``revises``: the revisions before it; ``notes``: what a reviewer should know."""

    revision: str
    revises: tuple[str, ...]
    notes: tuple[str, ...]
    units: tuple[Unit, ...]

    @property
    def statements(self) -> tuple[str, ...]:
        """The statements of all units."""
        return tuple(statement for unit in self.units for statement in unit.statements)

    def render(self) -> str:
        """The text of the file. Raises ValueError for a statement that holds a marker."""
        lines = [f"{_REVISION}{self.revision}"]
        lines += [f"{_REVISES}{', '.join(self.revises)}"] if self.revises else []
        lines += [f"-- {part}".rstrip() for note in self.notes for part in note.splitlines()]
        for unit in self.units:
            kind = "transaction" if unit.transactional else "autocommit"
            lines += ["", f"{_UNIT}{kind}"]
            for statement in unit.statements:
                if any(line.startswith(_MARK) for line in statement.splitlines()):
                    raise ValueError(f"a statement has a line that begins with {_MARK!r}")
                lines += ["", _STATEMENT, f"{statement};"]
        return "\n".join(lines) + "\n"


def parse(text: str) -> Script:
    """The script that was rendered to ``text``. Raises ValueError when it has no revision or unit where one must be."""
    revision = ""
    revises: tuple[str, ...] = ()
    notes: list[str] = []
    units: list[tuple[bool, list[list[str]]]] = []
    for line in text.split("\n"):
        if line.startswith(_REVISION):
            revision = line.removeprefix(_REVISION).strip()
        elif line.startswith(_REVISES):
            revises = tuple(part.strip() for part in line.removeprefix(_REVISES).split(","))
        elif line.startswith(_UNIT):
            units.append((_transactional(line), []))
        elif line == _STATEMENT and units:
            units[-1][1].append([])
        elif line.startswith(_MARK):
            raise ValueError(f"unknown marker: {line}")
        elif units and units[-1][1]:
            units[-1][1][-1].append(line)
        elif line.startswith("--"):
            notes.append(line.removeprefix("--").strip())
        elif line.strip():
            raise ValueError("a line stands before the first statement marker")
    if not revision:
        raise ValueError("no revision marker")
    return Script(revision, revises, tuple(notes), tuple(_unit(*unit) for unit in units))


def _transactional(line: str) -> bool:
    kind = line.removeprefix(_UNIT).strip()
    if kind not in _KINDS:
        raise ValueError(f"unknown unit: {kind}")
    return _KINDS[kind]


def _unit(transactional: bool, statements: Iterable[list[str]]) -> Unit:
    texts = ("\n".join(lines).strip().removesuffix(";") for lines in statements)
    return Unit(tuple(text for text in texts if text), transactional)
