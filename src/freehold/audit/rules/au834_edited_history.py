"""AU834: a revision is not what was generated and proven."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.audit.found import Fix, Found, Severity
from freehold.audit.rule import Rule
from freehold.errors import Code, MigrationError


def _check(error: MigrationError) -> Iterator[Found]:
    if error.code == Code.HISTORY_EDITED:
        hint = "\n".join(f"# {line}" for line in (error.hint or "").splitlines())
        yield Found("migrations", error.message, Fix(python=hint), key=error.code)


RULE = Rule(
    id="AU834",
    title="A revision was edited",
    severity=Severity.ERROR,
    why="The manifest holds the sum of every file as it was proven up and down. With another content nobody has run what "
    "will run, and databases that have the old one differ from those that get the new one.",
    remedy="Restore the file, or read the edit and accept it (freehold repair).",
    about=MigrationError,
    check=_check,
)
