"""What a rule found, with its fix; and a gap, where nobody could look."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding matters; an error is a way to rows, or to more rights, that nobody should have."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    @property
    def rank(self) -> int:
        """0 for what matters most."""
        return list(Severity).index(self)

    def reaches(self, threshold: Severity) -> bool:
        """Whether it is ``threshold`` or worse."""
        return self.rank <= threshold.rank


class Surface(StrEnum):
    """Where an audit looks."""

    MODELS = "models"
    DATABASE = "database"
    SOURCE = "source"
    MATRIX = "matrix"


@dataclass(frozen=True)
class Place:
    """A line of a file, counted from 1; ``file`` is relative to the working directory where it lies below it."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Edit:
    """A mechanical change of one line of a file: ``old``, which stands there once, becomes ``new``."""

    place: Place
    old: str
    new: str


@dataclass(frozen=True)
class Fix:
    """What to do. ``sql`` runs as it stands, as the tables' owner unless ``superuser``; ``python`` is code to paste.

    ``mechanical``: the SQL needs no decision, so it may become a migration.
    """

    sql: tuple[str, ...] = ()
    python: str = ""
    edit: Edit | None = None
    mechanical: bool = False
    superuser: bool = False

    @property
    def text(self) -> str:
        """The fix, ready to paste."""
        return "\n".join((*(f"{statement};" for statement in self.sql), *filter(None, (self.python,))))


@dataclass(frozen=True)
class Found:
    """What a rule found about ``subject``: ``public.tasks``, a policy of it, a role, a line of a file.

    ``key`` tells several findings of one rule about one subject apart. ``verify`` is SQL that answers true once it
    is mended.
    """

    subject: str
    message: str
    fix: Fix
    verify: str = ""
    key: str = ""
    place: Place | None = None
    severity: Severity | None = None


@dataclass(frozen=True)
class Gap:
    """What was not looked at, why, and how it would be. ``needed``: without it nobody may call the result clean."""

    what: str
    why: str
    remedy: str
    needed: bool = True
