"""The files of a revision: an Alembic revision, the SQL beside it, the facts it leads to, and their sums."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from string import Template
from typing import Final

from freehold.catalog import Snapshot
from freehold.errors import Code, MigrationError
from freehold.migrations.manifest import FACTS, VERSIONS, seal
from freehold.migrations.operation import Lock, Operation
from freehold.migrations.plan import Plan
from freehold.migrations.rename import Move, moves
from freehold.migrations.script import Batches, Mode, Script, Unit
from freehold.migrations.squawk import explained
from freehold.migrations.summary import summary

_ID_LENGTH: Final = 12
_SLUG_LENGTH: Final = 40
_UNSAID: Final = {Lock.NONE, Lock.NEW}
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


@dataclass(frozen=True)
class Draft:
    """What becomes a revision besides its plan. ``facts``: hash and major version, as `Script.facts` has them."""

    message: str
    parents: tuple[str, ...]
    facts: str = ""
    signed: tuple[str, ...] = ()
    moves: tuple[Move, ...] = ()
    notes: tuple[str, ...] = ()


def scripts(plan: Plan, draft: Draft) -> tuple[Script, Script]:
    """Both directions of a revision. Its id follows from its parents and its statements, so it is the same again."""
    up = (*_renames([move.up for move in draft.moves]), *units(plan.up))
    down = (*units(plan.down), *_renames([move.down for move in reversed(draft.moves)]))
    content = "\0".join([",".join(draft.parents), *_texts(up), "\1", *_texts(down)])
    revision = hashlib.sha256(content.encode()).hexdigest()[:_ID_LENGTH]
    notes = (draft.message, *summary(plan), *draft.notes, *moves(draft.moves))
    undone = (f"undoes: {draft.message}", "what this drops is not brought back by going up again")
    forth = Script(revision, draft.parents, notes, up, draft.facts, draft.signed)
    return (
        replace(forth, notes=(*notes, *explained(forth))),
        Script(revision, draft.parents, undone, down),
    )


def units(operations: Sequence[Operation]) -> tuple[Unit, ...]:
    """The operations cut into units: together what may be one transaction, by itself what cannot or should not."""
    groups = groupby(enumerate(operations), key=lambda pair: (pair[1].stage, -1 if pair[1].stage.together else pair[0]))
    return tuple(_unit([operation for _, operation in group]) for _, group in groups)


def _unit(operations: Sequence[Operation]) -> Unit:
    about = operations[0].about
    mode = Mode.BATCHES if isinstance(about, Batches) else Mode.AUTOCOMMIT if about else Mode.TRANSACTION
    locks = tuple("" if operation.lock in _UNSAID else operation.lock.value for operation in operations)
    return Unit(tuple(operation.sql for operation in operations), mode, about, locks if any(locks) else ())


def _renames(statements: Sequence[str]) -> tuple[Unit, ...]:
    locks = (Lock.ACCESS_EXCLUSIVE.value,) * len(statements)
    return (Unit(tuple(statements), locks=locks),) if statements else ()


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


def _texts(units: Sequence[Unit]) -> list[str]:
    return [statement for unit in units for statement in (str(unit.transactional), *unit.statements)]


def _python(message: str, up: Script) -> str:
    parents = ", ".join(up.revises)
    return _PYTHON.substitute(
        message=_quoted(message),
        revision=up.revision,
        parents=parents or "nothing",
        notes="\n".join(map(_quoted, up.notes[1:])),
        down=_down(up.revises),
    )


def _down(parents: Sequence[str]) -> str:
    quoted = [f'"{parent}"' for parent in parents]
    return f"({', '.join(quoted)})" if len(quoted) > 1 else quoted[0] if quoted else "None"


def _quoted(text: str) -> str:
    """Text that cannot end a docstring."""
    return text.replace("\\", "\\\\").replace('"""', "'''").rstrip('"')
