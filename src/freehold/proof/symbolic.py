"""The symbolic proof by `pgrls verify`, where it is installed, and where it and the executed proof disagree."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from freehold.proof.caller import Caller
from freehold.proof.matrix import Gap, Proof

_SECONDS: Final = 120
ROUND: Final = ("learn from", "refer by")
_MODES: Final = {
    "anon": ((Caller.ANON,), ("SELECT",)),
    "cross-tenant": ((Caller.OTHER,), ("SELECT",)),
    "write": ((Caller.OTHER,), ("INSERT", "UPDATE", "DELETE")),
}
"""What each of its modes is about: callers and commands of the matrix."""


@dataclass(frozen=True)
class Verdict:
    """PROVEN, LEAK or UNVERIFIED, for one table and one mode."""

    mode: str
    table: str
    verdict: str


def installed() -> bool:
    """Whether pgrls and its solver are there."""
    return find_spec("pgrls") is not None and find_spec("z3") is not None


def confirmed(proof: Proof, dsn: str) -> tuple[str, tuple[Gap, ...]]:
    """What the symbolic proof of the same clone gave, in words, and where it says something else than ``proof``.

    ``dsn``: a superuser's, of the clone. Nothing is confirmed where pgrls is missing or fails; the words say so.
    """
    if not installed():
        return "not run, pgrls is not installed (pip install 'freehold[audit]')", ()
    verdicts = list[Verdict]()
    for mode in _MODES:
        found = _verify(mode, dsn)
        if found is None:
            return f"failed (pgrls verify --mode {mode})", ()
        verdicts += found
    counts = {word: sum(each.verdict == word for each in verdicts) for word in ("isolated", "leak", "unverified")}
    words = f"{counts['isolated']} proven, {counts['leak']} leaks, {counts['unverified']} undecided"
    return words, tuple(_disagreements(proof, verdicts))


def _verify(mode: str, dsn: str) -> list[Verdict] | None:
    command = [sys.executable, "-m", "pgrls", "verify", "--mode", mode, "--format", "json"]
    with tempfile.TemporaryDirectory() as empty:  # so that no configuration of the project's weakens it
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                check=False,
                timeout=_SECONDS,
                cwd=Path(empty),
                env={**os.environ, "DATABASE_URL": dsn},
            )
            document: dict[str, Any] = json.loads(done.stdout)
            return [Verdict(mode, each["table"], each["verdict"]) for each in document["tables"]]
        except (OSError, subprocess.TimeoutExpired, ValueError, KeyError, TypeError):
            return None


def _disagreements(proof: Proof, verdicts: list[Verdict]) -> Iterator[Gap]:
    entries = {entry.name: entry for entry in proof.entries}
    for each in verdicts:
        callers, commands = _MODES[each.mode]
        entry = entries.get(each.table)
        cells = [cell for cell in (entry.cells if entry else ()) if cell.caller in callers and cell.command in commands]
        # What goes round the policies (keys, references) is no predicate's fault.
        through = [cell for cell in cells if cell.observed == "allowed" and not cell.what.startswith(ROUND)]
        # pgrls judges predicates and not grants: where the privilege is missing, both may be right.
        refused = all(cell.how == "error" for cell in cells)
        if each.verdict == "isolated" and through:
            yield Gap(
                each.table, f"pgrls --mode {each.mode} proves isolation; executed, {through[0].command} got through"
            )
        elif each.verdict == "leak" and cells and not through and not refused:
            yield Gap(each.table, f"pgrls --mode {each.mode} finds a leak; executed, nothing got through")
