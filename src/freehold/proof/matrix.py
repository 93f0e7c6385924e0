"""The result of a proof: a matrix of cells, what is untested, what could not be proven; as JSON and as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from freehold.proof.caller import Caller

Word = Literal["denied", "allowed"]
Control = Literal["passed", "failed", "untested"]

COMMANDS: Final = ("SELECT", "INSERT", "UPDATE", "DELETE")
FORMS: Final = ("bare", "where", "returning")
WRONG: Final = "Not as declared"
QUIET: Final = "Grants and other guards whose removal changes nothing"
"""The remark that makes a proof neither unsound nor incomplete."""


@dataclass(frozen=True)
class Cell:
    """What one caller gets with one form of one command.

    ``how`` an answer came about: rows, no rows, or an error with its SQLSTATE. ``control``: whether the same statement
    gets through once its guard is removed, or is stopped once what allows it is. ``what``: the attack that decides.
    """

    command: str
    form: str
    caller: Caller
    expected: Word
    observed: Word
    how: Literal["zero_rows", "error", "rows"]
    sqlstate: str | None
    control: Control
    what: str = ""

    @property
    def sound(self) -> bool:
        """Whether it is as declared, and its control says that this is no accident."""
        return self.expected == self.observed and self.control != "failed"


@dataclass(frozen=True)
class Entry:
    """The cells of one table, view, partition or function."""

    name: str
    kind: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Gap:
    """What was not looked at, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Proof:
    """A whole matrix. ``attempts`` counts the statements sent as a caller, controls included.

    ``untested_policies`` are those whose removal changes no cell, ``untested_guards`` grants and the like.
    """

    server: str
    seconds: float
    attempts: int
    entries: tuple[Entry, ...]
    untested_policies: tuple[str, ...] = ()
    untested_guards: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()
    disagreements: tuple[Gap, ...] = ()
    symbolic: str = "not asked for"

    @property
    def cells(self) -> int:
        """How many cells there are."""
        return sum(len(entry.cells) for entry in self.entries)

    def unsound(self) -> Iterator[tuple[Entry, Cell]]:
        """The cells that are not as declared, or whose control failed."""
        for entry in self.entries:
            for cell in entry.cells:
                if not cell.sound:
                    yield entry, cell

    @property
    def sound(self) -> bool:
        """Whether everything that was looked at is as declared, controls included."""
        return not (any(True for _ in self.unsound()) or self.untested_policies or self.disagreements)

    @property
    def complete(self) -> bool:
        """Whether there was nothing that could not be looked at."""
        return not self.gaps and bool(self.entries)

    def to_json(self) -> dict[str, Any]:
        """The document of version 1; what is added to it keeps its names."""
        return {
            "version": 1,
            "server": {"version": self.server},
            "seconds": round(self.seconds, 3),
            "callers": [caller.value for caller in Caller],
            "tables": [
                {"name": entry.name, "kind": entry.kind, "cells": [_cell(cell) for cell in entry.cells]}
                for entry in self.entries
            ],
            "symbolic": self.symbolic,
            "untested_policies": list(self.untested_policies),
            "untested_guards": list(self.untested_guards),
            "not_proven": [{"name": gap.name, "reason": gap.reason} for gap in self.gaps],
            "disagreements": [{"name": each.name, "reason": each.reason} for each in self.disagreements],
        }

    def to_markdown(self) -> str:
        """A table for a pull request: a line for each command, a column for each caller."""
        lines = ["# Isolation proof", "", self.headline(), ""]
        lines += ["| | command | " + " | ".join(Caller) + " |", "|---|---|" + "---|" * len(Caller)]
        for entry in self.entries:
            for command in COMMANDS:
                group = [cell for cell in entry.cells if cell.command == command]
                if group:
                    shown = " | ".join(described(cell for cell in group if cell.caller is who) for who in Caller)
                    lines.append(f"| {entry.name} | {command} | {shown} |")
        for title, items in self.remarks():
            lines += ["", f"## {title}", "", *(f"- {item}" for item in items)]
        return "\n".join(lines) + "\n"

    def headline(self) -> str:
        """One sentence."""
        wrong = sum(1 for _ in self.unsound())
        verdict = f"{wrong} of {self.cells} cells are not as declared" if wrong else f"{self.cells} cells as declared"
        return (
            f"{verdict}; {self.attempts} statements in {self.seconds:.1f} s on PostgreSQL {self.server}; "
            f"symbolic proof: {self.symbolic}."
        )

    def remarks(self) -> Iterator[tuple[str, list[str]]]:
        """What a reader must know besides the matrix, by title; only what there is."""
        wrong = [f"{entry.name}: {sentence(cell)}" for entry, cell in self.unsound()]
        found = (
            (WRONG, wrong),
            ("Policies whose removal changes nothing", list(self.untested_policies)),
            (QUIET, list(self.untested_guards)),
            (
                "The symbolic and the executed proof disagree",
                [f"{each.name}: {each.reason}" for each in self.disagreements],
            ),
            ("Not proven", [f"{gap.name}: {gap.reason}" for gap in self.gaps]),
        )
        return ((title, items) for title, items in found if items)


def sentence(cell: Cell) -> str:
    """One cell in words."""
    if cell.expected == cell.observed:
        return f"{cell.command} {cell.form} as {cell.caller}: {cell.observed}, but the control failed ({cell.what})"
    state = f" {cell.sqlstate}" if cell.sqlstate else ""
    how = cell.how.replace("_", " ")
    return (
        f"{cell.command} {cell.form} as {cell.caller}: declared {cell.expected}, found {cell.observed}"
        f" ({cell.what}: {how}{state})"
    )


def described(cells: Iterable[Cell]) -> str:
    """The cells of one caller and command in one or two words."""
    group = list(cells)
    if not group:
        return ""
    wrong = [cell for cell in group if not cell.sound]
    if wrong:
        return f"**{wrong[0].observed}**, declared {wrong[0].expected}"
    words = list(dict.fromkeys("allowed" if cell.observed == "allowed" else _denial(cell) for cell in group))
    return ", ".join(words)


def _denial(cell: Cell) -> str:
    return "error" if cell.how == "error" else "no rows"


def _cell(cell: Cell) -> dict[str, Any]:
    names = ("command", "form", "caller", "expected", "observed", "how", "sqlstate", "control")
    return {name: getattr(cell, name) for name in names}
