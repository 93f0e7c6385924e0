"""From models to a proven revision: facts of the models against facts of the history, both in shadows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from freehold.catalog import Change, Snapshot, diff
from freehold.migrations.graph import check
from freehold.migrations.history import History, load
from freehold.migrations.plan import plan
from freehold.migrations.progress import Progress, Report, silent
from freehold.migrations.prove import prove
from freehold.migrations.revision import scripts, write
from freehold.migrations.shadow import MOST_TRIED, Cluster, Shadow

_STEPS = 4


@dataclass(frozen=True)
class Generated:
    """A revision that was proven and written. ``summary`` is its header, ``weakened`` what guards less than before."""

    revision: str
    files: tuple[Path, ...]
    changes: tuple[Change, ...]
    summary: tuple[str, ...]
    weakened: tuple[str, ...]


def generate(
    statements: Sequence[str],
    directory: Path,
    message: str,
    cluster: Cluster,
    *,
    allow_drop: bool = False,
    report: Report = silent,
) -> Generated | None:
    """The revision from the history in ``directory`` to ``statements``, the DDL of the models; None without a change.

    Raises `MigrationError`: FH402-FH404 for the history, FH407, FH408, FH413, FH414 for the plan, FH410 when the
    proof fails, FH415 when PostgreSQL refuses the models' DDL. Nothing is written then.
    """
    history = load(directory)
    check(history)
    report(Progress("models", message, 0, _STEPS))
    with cluster.database() as shadow:
        desired = facts_of(statements, shadow, cluster)
        if history.facts == desired:
            return None
        report(Progress("history", message, 1, _STEPS))
        before = replay(shadow, history)
        planned = plan(before, desired, allow_drop=allow_drop)
        if not planned.changes:
            return None
        up, down = scripts(planned, message, history.head)
        report(Progress("proof", message, 2, _STEPS))
        prove(shadow, up, down, before, desired)
    report(Progress("files", message, 3, _STEPS))
    files = write(directory, message, up, down, desired)
    report(Progress("files", message, _STEPS, _STEPS))
    return Generated(up.revision, files, planned.changes, up.notes[1:], planned.weakened)


def pending_changes(statements: Sequence[str], directory: Path, cluster: Cluster) -> tuple[Change, ...]:
    """What `generate` would write: nothing when the models equal the history. Raises as it does.

    The facts kept beside the history answer the common case; any difference is looked at again from the history itself, for the facts may have been written by another version of PostgreSQL.
    """
    history = load(directory)
    check(history)
    with cluster.database() as shadow:
        desired = facts_of(statements, shadow, cluster)
        return () if history.facts == desired else diff(replay(shadow, history), desired)


def facts_of(statements: Sequence[str], shadow: Shadow, cluster: Cluster) -> Snapshot:
    """The facts that ``statements`` make of an empty database; ``shadow``, which is one, stays empty."""
    if len(statements) <= MOST_TRIED:
        return shadow.try_out(statements)
    with cluster.database() as other:
        other.run(statements)
        return other.facts()


def replay(shadow: Shadow, history: History) -> Snapshot:
    """The facts that the history makes of an empty database; ``shadow`` then holds them."""
    for revision in history.revisions:
        shadow.run(revision.up.statements)
    return shadow.facts()
