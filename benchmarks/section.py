"""What a program of its own leaves of a case: a row in the results, and on the documentation's page, under its heading.

Each replaces its own section only, so the page holds the last measurement of every case.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.machine import Machine

RESULTS: Final = Path(__file__).parent / "results"
PAGE: Final = Path(__file__).parents[1] / "docs" / "reference" / "benchmarks.md"
_NOTES: Final = "## Notes\n"
_SECTIONS: Final = re.compile(r"^## [a-z0-9_]+: .*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Section:
    """A table under a heading; ``head``: the names of its columns, the case's first."""

    name: str
    title: str
    about: str
    head: tuple[str, ...]

    def keep(self, rows: Mapping[str, Sequence[str]]) -> None:
        """Keeps the rows by their first column, beside those measured before, and writes the section anew."""
        path = RESULTS / f"{self.name}.json"
        kept: dict[str, Sequence[str]] = json.loads(path.read_text())["rows"] if path.exists() else {}
        kept |= rows
        RESULTS.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"head": self.head, "rows": kept}, indent=1, ensure_ascii=False) + "\n")
        if PAGE.exists():
            PAGE.write_text(self.placed(PAGE.read_text(), kept))

    def text(self, rows: Mapping[str, Sequence[str]]) -> str:
        """The section as Markdown."""
        table = [self.head, tuple("---" for _ in self.head), *((name, *cells) for name, cells in rows.items())]
        lines = "\n".join(f"| {' | '.join(row)} |" for row in table)
        return f"## {self.name}: {self.title}\n\n{self.about} {_conditions(Machine.look())}\n\n{lines}\n\n"

    def placed(self, page: str, rows: Mapping[str, Sequence[str]]) -> str:
        """The page with this section in its place, or before the notes if it has none yet."""
        section = self.text(rows)
        found = re.compile(rf"^## {re.escape(self.name)}: .*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
        replaced, count = found.subn(lambda _: section, page)
        if count:
            return replaced
        before, notes, after = page.partition(_NOTES)
        return f"{before.rstrip()}\n\n{section}{notes}{after}"


def carried_over(new: str, old: str) -> str:
    """The new page with the sections of ``old`` that it does not have: those that programs of their own have written."""
    before, notes, after = new.partition(_NOTES)
    kept = [each for each in _SECTIONS.findall(old) if each.partition("\n")[0] not in new]
    return f"{before}{''.join(kept)}{notes}{after}"


def _conditions(machine: Machine) -> str:
    quiet = "idle" if machine.quiet else f"not idle (load average {machine.load:.1f}), so ratios hold better than times"
    return f"{machine.processor}, {machine.cores} cores, {machine.python}; the machine was {quiet}."
