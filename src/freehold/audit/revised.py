"""A revision's way up as rules look at it: its text, and the lines of its file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from freehold.audit.found import Fix, Found, Place
from freehold.audit.source import shown
from freehold.migrations.history import UP, load
from freehold.migrations.manifest import VERSIONS
from freehold.migrations.safety import Permit, findings
from freehold.migrations.script import Script, parse


@dataclass(frozen=True)
class Revised:
    """``script`` is what ``text``, the content of ``file``, says."""

    file: str
    text: str
    script: Script

    @classmethod
    def of(cls, file: str, text: str) -> Revised:
        """Raises ValueError for a text that is no revision."""
        return cls(file, text, parse(text))

    def place(self, *words: str) -> Place:
        """The first line with all ``words``, or the first of the file."""
        lines = enumerate(self.text.splitlines(), start=1)
        return Place(self.file, next((number for number, line in lines if all(word in line for word in words)), 1))

    def unsafe(self, *permits: Permit) -> Iterator[Found]:
        """What the rules for a database in use find and nobody signed off, of those that ``permits`` would allow."""
        for each in findings(self.script):
            if each.permit in permits:
                yield Found(
                    self.file,
                    f"{each.target}: {each.why}",
                    Fix(
                        python=f"-- {each.instead}\n-- freehold: signed off {each.name}: <reason>  (where it is meant)"
                    ),
                    key=each.name,
                    place=self.place(*each.target.split(".")[1:]),
                )


def revisions(directory: Path) -> Iterator[Revised]:
    """Every revision of a history. Raises `MigrationError` as `load` does."""
    for revision in load(directory).revisions:
        path = directory / VERSIONS / f"{revision.name}{UP}"
        yield Revised(shown(path), path.read_text(encoding="utf-8"), revision.up)
