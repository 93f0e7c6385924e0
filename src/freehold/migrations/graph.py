"""Alembic's view of the history: its revisions, as the Python files declare them, in the graph of the SQL files.

The two names it goes by are read without running the files, and without Alembic, whose import takes longer than a check.
"""

from __future__ import annotations

import ast
from pathlib import Path

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
    found: dict[str, tuple[str, ...]] = {}
    for path in sorted((directory / VERSIONS).glob("*.py")):
        names = _names(path)
        if isinstance(names.get("revision"), str):
            found[str(names["revision"])] = _tuple(names.get("down_revision"))
    return found


def _names(path: Path) -> dict[str, object]:
    """What the module assigns at its top: constants only."""
    try:
        module = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError) as error:
        raise MigrationError(
            Code.HISTORY_EDITED, f"{path} is not Python: {error}.", hint="Restore the file from git."
        ) from None
    names: dict[str, object] = {}
    for statement in module.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else ()
        targets = [statement.target] if isinstance(statement, ast.AnnAssign) else targets
        for target in targets:
            if isinstance(target, ast.Name) and isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value:
                names[target.id] = _constant(statement.value)
    return names


def _constant(node: ast.expr) -> object:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None


def _tuple(down: object) -> tuple[str, ...]:
    if isinstance(down, str):
        return (down,)
    return tuple(sorted(map(str, down))) if isinstance(down, tuple | list) else ()  # pyright: ignore[reportUnknownArgumentType]
