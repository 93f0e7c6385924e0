"""The files of a revision: an Alembic revision, the SQL beside it, the facts it leads to, and their sums."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from string import Template
from typing import Final

from freehold.catalog import Snapshot
from freehold.errors import Code, MigrationError
from freehold.migrations.manifest import FACTS, VERSIONS, seal
from freehold.migrations.operation import Operation
from freehold.migrations.plan import Plan
from freehold.migrations.script import Script, Unit
from freehold.migrations.summary import summary

_ID_LENGTH: Final = 12
_SLUG_LENGTH: Final = 40
_PYTHON: Final = Template('''"""$message

Revision ID: $revision
Revises: $parents

$notes
"""

from freehold.migrations.beside import execute_beside

revision = "$revision"
down_revision = $down
branch_labels = None
depends_on = None


def upgrade() -> None:
    execute_beside(__file__, "up")


def downgrade() -> None:
    execute_beside(__file__, "down")
''')


def scripts(plan: Plan, message: str, parent: str | None) -> tuple[Script, Script]:
    """Both directions of a revision. Its id follows from its parent and its statements, so it is the same again."""
    up, down = _units(plan.up), _units(plan.down)
    content = "\0".join([parent or "", *_texts(up), "\1", *_texts(down)])
    revision = hashlib.sha256(content.encode()).hexdigest()[:_ID_LENGTH]
    parents = () if parent is None else (parent,)
    notes = summary(plan)
    return (
        Script(revision, parents, (message, *notes), up),
        Script(
            revision, parents, (f"undoes: {message}", "what this drops is not brought back by going up again"), down
        ),
    )


def write(directory: Path, message: str, up: Script, down: Script, facts: Snapshot) -> tuple[Path, ...]:
    """Writes the revision's files and the new sums; returns their paths.

    Raises `MigrationError` (FH407) for a statement that cannot be kept in a file.
    """
    name = f"{up.revision}_{slug(message)}"
    versions = directory / VERSIONS
    try:
        texts = {
            versions / f"{name}.up.sql": up.render(),
            versions / f"{name}.down.sql": down.render(),
            versions / f"{name}.py": _python(message, up),
            directory / FACTS: facts.to_json(),
        }
    except ValueError as error:
        raise MigrationError(
            Code.CHANGE_UNSUPPORTED, f"The SQL cannot be written: {error}.", hint="Reword it."
        ) from None
    versions.mkdir(parents=True, exist_ok=True)
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8", newline="\n")
    seal(directory)
    return tuple(texts)


def slug(message: str) -> str:
    """``message`` as part of a file name: lower case letters, digits and underscores, at most 40."""
    words = re.sub(r"[^a-z0-9]+", "_", message.lower()).strip("_")
    return words[:_SLUG_LENGTH].rstrip("_") or "change"


def _units(operations: Sequence[Operation]) -> tuple[Unit, ...]:
    """Everything is one transaction, until rules make statements that cannot be in one."""
    return (Unit(tuple(operation.sql for operation in operations)),) if operations else ()


def _texts(units: Sequence[Unit]) -> list[str]:
    return [statement for unit in units for statement in (str(unit.transactional), *unit.statements)]


def _python(message: str, up: Script) -> str:
    parents = ", ".join(up.revises)
    return _PYTHON.substitute(
        message=_quoted(message),
        revision=up.revision,
        parents=parents or "nothing",
        notes="\n".join(map(_quoted, up.notes[1:])),
        down=f'"{parents}"' if parents else "None",
    )


def _quoted(text: str) -> str:
    """Text that cannot end a docstring."""
    return text.replace("\\", "\\\\").replace('"""', "'''").rstrip('"')
