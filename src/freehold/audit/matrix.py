"""The isolation matrix that ``freehold prove --json`` writes, read back; and what became weaker between two of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from freehold.errors import Code, ConfigurationError

Outcome = Literal["denied", "allowed"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Cell(_Frozen):
    command: str
    form: str
    caller: str
    expected: Outcome
    observed: Outcome
    how: str
    sqlstate: str | None = None
    control: Literal["passed", "failed", "untested"] = "untested"


class _Table(_Frozen):
    name: str
    kind: str = "table"
    cells: tuple[_Cell, ...]


class _Remark(_Frozen):
    name: str
    reason: str


class _Server(_Frozen):
    version: str


class _File(_Frozen):
    version: Literal[1]
    server: _Server
    seconds: float
    callers: tuple[str, ...]
    tables: tuple[_Table, ...]
    untested_policies: tuple[str, ...] = ()
    not_proven: tuple[_Remark, ...] = ()
    disagreements: tuple[_Remark, ...] = ()


@dataclass(frozen=True)
class Cell:
    """One command of one caller in one form on one table, view or function: what the models say, and what happened."""

    table: str
    kind: str
    command: str
    form: str
    caller: str
    expected: Outcome
    observed: Outcome
    how: str
    sqlstate: str | None
    control: str

    @property
    def key(self) -> str:
        """What tells it apart from the others of its table."""
        return f"{self.command} {self.form} {self.caller}"


@dataclass(frozen=True)
class Matrix:
    """The cells of a proof. ``seconds``: how long it took; ``not_proven`` and ``disagreements``: a name and a reason."""

    version: str
    seconds: float
    callers: tuple[str, ...]
    tables: tuple[str, ...]
    cells: tuple[Cell, ...]
    untested_policies: tuple[str, ...]
    not_proven: tuple[tuple[str, str], ...]
    disagreements: tuple[tuple[str, str], ...]
    document: Mapping[str, Any]

    @classmethod
    def load(cls, path: Path) -> Self:
        """Raises `ConfigurationError` (FH802) for a file that is no matrix."""
        try:
            return cls.of(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            reason = (
                f"{len(error.errors())} fields are wrong"
                if isinstance(error, ValidationError)
                else type(error).__name__
            )
            raise ConfigurationError(
                Code.MATRIX_UNREADABLE,
                f"{path} is not an isolation matrix ({reason}).",
                hint=f"freehold prove --json > {path}",
            ) from None

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """From the document itself. Raises ValueError."""
        file = _File.model_validate(document)
        return cls(
            file.server.version,
            file.seconds,
            file.callers,
            tuple(table.name for table in file.tables),
            tuple(Cell(table.name, table.kind, **each.model_dump()) for table in file.tables for each in table.cells),
            file.untested_policies,
            tuple((each.name, each.reason) for each in file.not_proven),
            tuple((each.name, each.reason) for each in file.disagreements),
            document,
        )

    @cached_property
    def by_identity(self) -> Mapping[tuple[str, str], Cell]:
        """Cells by table and key."""
        return {(cell.table, cell.key): cell for cell in self.cells}


def grouped(cells: Iterable[Cell]) -> Iterator[tuple[str, str, tuple[Cell, ...]]]:
    """Cells by table and command, so that one fault is one finding."""
    found: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        found.setdefault((cell.table, cell.command), []).append(cell)
    return ((table, command, tuple(group)) for (table, command), group in found.items())


def attempts(cells: Iterable[Cell]) -> str:
    """Who tried in which form: ``anon (bare, where), other (bare)``."""
    forms: dict[str, list[str]] = {}
    for cell in cells:
        forms.setdefault(cell.caller, []).append(cell.form)
    return ", ".join(f"{caller} ({', '.join(dict.fromkeys(each))})" for caller, each in sorted(forms.items()))


def weakened(before: Matrix, after: Matrix) -> Iterator[str]:
    """A sentence for each cell that is less denied or less proven than it was, or is gone while its table is not."""
    for identity, old in before.by_identity.items():
        new = after.by_identity.get(identity)
        where = f"{old.command} ({old.form}) by {old.caller} on {old.table}"
        if new is None:
            if old.table in after.tables:
                yield f"{where} is no longer tried"
        elif (old.observed, new.observed) == ("denied", "allowed"):
            yield f"{where} was denied and is allowed"
        elif old.control == "passed" and new.control != "passed" and new.observed == "denied":
            yield f"{where} has lost its control"
    for policy in after.untested_policies:
        if policy not in before.untested_policies:
            yield f"{policy} is no longer told apart by any cell"
