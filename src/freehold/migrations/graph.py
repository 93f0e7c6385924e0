"""Alembic's view of the history: the same graph, read by its ScriptDirectory.

Only generating asks for it; applying does without Alembic.
"""

from __future__ import annotations

from pathlib import Path

from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError

from freehold.errors import Code, MigrationError
from freehold.migrations.history import History
from freehold.migrations.manifest import VERSIONS


def check(history: History) -> None:
    """Raises `MigrationError` (FH402) unless Alembic's revisions are the SQL files' revisions, in the same order."""
    if not history.revisions:
        return
    ours = {revision.id: tuple(sorted(revision.revises)) for revision in history.revisions}
    theirs = _revisions(history.directory)
    if ours != theirs:
        names = ", ".join(sorted(id_ for id_ in ours.keys() | theirs.keys() if ours.get(id_) != theirs.get(id_)))
        raise MigrationError(
            Code.HISTORY_EDITED,
            f"The revision files and the SQL beside them disagree about {names}.",
            hint="Restore both from git; revision and down_revision of the .py are the markers of the .up.sql.",
        )


def _revisions(directory: Path) -> dict[str, tuple[str, ...]]:
    try:
        scripts = ScriptDirectory(str(directory), version_locations=[str(directory / VERSIONS)])
        found = list(scripts.walk_revisions())
    except CommandError as error:
        raise MigrationError(
            Code.HISTORY_EDITED, f"Alembic cannot read the history: {error}", hint="Restore the files from git."
        ) from None
    parents = {each.revision: each.down_revision for each in found}
    return {id_: _tuple(down) for id_, down in parents.items()}


def _tuple(down: str | list[str] | tuple[str, ...] | None) -> tuple[str, ...]:
    if down is None:
        return ()
    return (down,) if isinstance(down, str) else tuple(sorted(down))
