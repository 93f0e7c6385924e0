"""Mending what needs no decision: a proven revision for the schema, SQL for what only a database lacks, a patch for source."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from freehold.audit.finding import Finding
from freehold.audit.found import Edit
from freehold.errors import DatabaseError, MigrationError
from freehold.migrations.generate import Permission, drafted, replay
from freehold.migrations.graph import check
from freehold.migrations.history import History, load
from freehold.migrations.plan import plan
from freehold.migrations.prove import prove
from freehold.migrations.revision import write
from freehold.migrations.shadow import Cluster, Shadow
from freehold.wire import narrated

SQL_FILE = "freehold-audit.sql"
PATCH_FILE = "freehold-audit.patch"
_MESSAGE = "audit fixes"


@dataclass(frozen=True)
class Repaired:
    """``revision``: the files of the new revision; ``sql``: what is to be run by hand; ``patch``: edits of source."""

    revision: tuple[Path, ...]
    sql: Path | None
    patch: Path | None

    @property
    def files(self) -> tuple[Path, ...]:
        """All that was written."""
        return (*self.revision, *filter(None, (self.sql, self.patch)))


def repair(findings: Sequence[Finding], directory: Path, cluster: Callable[[], Cluster], into: Path) -> Repaired:
    """Writes the mechanical fixes of ``findings``. Raises `MigrationError` when the history cannot be used.

    What changes the schema that the revisions make becomes a revision, proven up, down and up. What the revisions
    make already, or do not know, is SQL for the one database that lacks it.
    """
    fixes = [each for each in findings if each.found.fix.mechanical and each.found.fix.sql]
    statements = tuple(dict.fromkeys(sql for each in fixes for sql in each.found.fix.sql))
    left, revision = statements, tuple[Path, ...]()
    history = load(directory)
    if statements and history.revisions:
        permission = Permission(sign_off=f"freehold audit --fix: {', '.join(sorted({each.rule.id for each in fixes}))}")
        left, revision = _revise(statements, history, directory, cluster(), permission)
    edits = [each.found.fix.edit for each in findings if each.found.fix.edit is not None]
    return Repaired(revision, _sql(left, into), _patch(edits, into))


def _revise(
    statements: Sequence[str], history: History, directory: Path, cluster: Cluster, permission: Permission
) -> tuple[tuple[str, ...], tuple[Path, ...]]:
    """The statements that are not of the history, and the files of a revision with those that are."""
    check(history)
    with cluster.database() as shadow:
        before = replay(shadow, history)
        left = tuple(statement for statement in statements if not _helps(shadow, statement))
        desired = shadow.facts()
    if desired == before:
        return left, ()
    with cluster.database() as shadow:
        replay(shadow, history)
        up, down = drafted(plan(before, desired), _MESSAGE, history, desired, shadow.major, (), permission)
        prove(shadow, up, down, before, desired)
    return left, tuple(write(directory, _MESSAGE, up, down, desired))


def _helps(shadow: Shadow, statement: str) -> bool:
    """Runs a statement where the history is; whether it changed anything there."""
    before = shadow.facts()
    try:
        with narrated():
            shadow.connection.execute(statement.encode())
    except (DatabaseError, MigrationError):
        return False
    return shadow.facts() != before


def _sql(statements: Sequence[str], into: Path) -> Path | None:
    if not statements:
        return None
    path = into / SQL_FILE
    lines = [
        "-- As the owner of the tables: psql --single-transaction --file",
        "",
        *(f"{each};" for each in statements),
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _patch(edits: Sequence[Edit], into: Path) -> Path | None:
    """A unified diff for ``git apply`` or ``patch -p1``."""
    if not edits:
        return None
    parts: list[str] = []
    for file in dict.fromkeys(edit.place.file for edit in edits):
        before = Path(file).read_text(encoding="utf-8").splitlines(keepends=True)
        after = list(before)
        for edit in (each for each in edits if each.place.file == file):
            line = edit.place.line - 1
            after[line] = after[line].replace(edit.old, edit.new, 1)
        parts += difflib.unified_diff(before, after, f"a/{file}", f"b/{file}")
    path = into / PATCH_FILE
    path.write_text("".join(parts), encoding="utf-8")
    return path
