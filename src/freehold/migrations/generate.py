"""From models to a proven revision: facts of the models against facts of the history, both in shadows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from freehold.catalog import Change, Kind, Snapshot, diff
from freehold.errors import Code, MigrationError
from freehold.migrations.graph import check
from freehold.migrations.history import History, load
from freehold.migrations.plan import Plan, plan
from freehold.migrations.progress import Progress, Report, silent
from freehold.migrations.prove import prove
from freehold.migrations.recall import Recall
from freehold.migrations.rename import Move, Rename, declared, following, refuse_sealed
from freehold.migrations.revision import Draft, scripts, write
from freehold.migrations.safety import Permit, refuse_unsafe, sign
from freehold.migrations.script import Script
from freehold.migrations.shadow import MOST_TRIED, Cluster, Shadow
from freehold.migrations.squawk import refuse_squawked

_STEPS = 4


@dataclass(frozen=True)
class Generated:
    """A revision that was proven and written. ``summary`` is its header, ``weakened`` what guards less than before."""

    revision: str
    files: tuple[Path, ...]
    changes: tuple[Change, ...]
    summary: tuple[str, ...]
    weakened: tuple[str, ...]


@dataclass(frozen=True)
class Permission:
    """What a plan may do.

    ``drop``: lose rows. ``blocking``: keep everybody waiting. ``sign_off``: why something may guard less than before,
    which the revision then says.
    """

    drop: bool = False
    blocking: bool = False
    sign_off: str | None = None

    def reasons(self) -> dict[Permit, str | None]:
        """What the revision says of each thing it was allowed."""
        given = {Permit.DROP: self.drop, Permit.BLOCKING: self.blocking}
        return {
            **{permit: permit.value if on else None for permit, on in given.items()},
            Permit.SIGN_OFF: self.sign_off,
        }


def generate(
    statements: Sequence[str],
    directory: Path,
    message: str,
    cluster: Cluster,
    *,
    renames: Sequence[Rename] = (),
    permission: Permission = Permission(),
    report: Report = silent,
    recall: Recall | None = None,
) -> Generated | None:
    """The revision from the history in ``directory`` to ``statements``, the DDL of the models; None without a change.

    Raises `MigrationError`: FH402-FH404 for the history, FH407, FH408, FH413, FH414, FH418-FH421 for the plan, FH410
    when the proof fails, FH415 when PostgreSQL refuses the models' DDL. Nothing is written then.
    """
    history = load(directory)
    check(history)
    if recall is not None and recall.agrees(statements, history):
        return None
    report(Progress("models", message, 0, _STEPS))
    with cluster.database() as shadow:
        desired = facts_of(statements, shadow, cluster)
        if recall is not None:
            recall.keep(statements, f"{desired.hash} {shadow.major}")
        if history.facts == desired:
            return None
        report(Progress("history", message, 1, _STEPS))
        before = replay(shadow, history)
        if before == desired:
            return None
        if not permission.drop:
            refuse_sealed(renames, before, desired)
        planned, moved = planned_between(shadow, before, desired, renames, permission)
        up, down = drafted(planned, message, history, desired, shadow.major, moved, permission)
        report(Progress("proof", message, 2, _STEPS))
        told = prove(shadow, up, down, back_of(before, planned), desired)
        refuse_squawked(up)
    report(Progress("files", message, 3, _STEPS))
    files = write(directory, message, up, down, desired)
    report(Progress("files", message, _STEPS, _STEPS))
    return Generated(up.revision, files, planned.changes, (*up.notes[1:], *told), planned.weakened)


def planned_between(
    shadow: Shadow, before: Snapshot, desired: Snapshot, renames: Sequence[Rename], permission: Permission
) -> tuple[Plan, tuple[Move, ...]]:
    """The plan, and the renames that come before it; ``shadow`` holds ``before``, then and afterwards."""
    moves = declared(renames, before, desired)
    shadow.run([move.up for move in moves])
    renamed = shadow.facts() if moves else before
    followed = following(renamed, desired)
    if followed:
        shadow.run([move.up for move in followed])
        renamed = shadow.facts()
    planned = plan(renamed, desired, allow_drop=permission.drop, allow_blocking=permission.blocking)
    both = (*moves, *followed)
    shadow.run([move.down for move in reversed(both)])
    return planned, both


def drafted(
    planned: Plan,
    message: str,
    history: History,
    desired: Snapshot,
    major: int,
    moved: tuple[Move, ...],
    permission: Permission,
) -> tuple[Script, Script]:
    """Both scripts, signed where that was asked for. Raises `MigrationError`: FH418, FH420."""
    signed = signatures(planned, permission.sign_off)
    draft = Draft(message, (history.head,) if history.head else (), f"{desired.hash} {major}", signed, moved)
    up, down = scripts(planned, draft)
    up = sign(up, permission.reasons())
    refuse_unsafe(up)
    return up, down


def back_of(before: Snapshot, planned: Plan) -> Snapshot:
    """What going back gives: what was there, but for the values of enums."""
    grown = {fact.identity: fact for fact in planned.back.of(Kind.ENUM)}
    return Snapshot(grown.get(fact.identity, fact) for fact in before.facts)


def signatures(planned: Plan, reason: str | None) -> tuple[str, ...]:
    """A line for each weakening, with why. Raises `MigrationError` (FH418) without a reason."""
    if planned.weakened and not (reason or "").strip():
        raise MigrationError(
            Code.SIGN_OFF_MISSING,
            f"This guards less than before, {len(planned.weakened)} times, and nobody answers for it.",
            detail="; ".join(planned.weakened),
            hint='If it is meant, say why; the revision will too: freehold generate --sign-off "<reason>"',
        )
    return tuple(f"{sentence} ({reason})" for sentence in planned.weakened)


def sound(directory: Path) -> History:
    """The history, every revision of which was held against the rules for a database in use, and squawk's.

    Raises `MigrationError`: FH402-FH404 for the history, FH420.
    """
    history = load(directory)
    check(history)
    for revision in history.revisions:
        refuse_unsafe(revision.up)
        refuse_squawked(revision.up)
    return history


def pending_changes(
    statements: Sequence[str],
    history: History,
    shadows: Callable[[], AbstractContextManager[Cluster]],
    recall: Recall | None = None,
) -> tuple[Change, ...]:
    """What `generate` would write: nothing when the models equal the history. Raises as it does.

    ``history``: a `sound` one. What ``recall`` has seen needs no server. The facts kept beside the history answer the
    common case; any difference is looked at again from the history itself, for the facts may have been written by
    another version of PostgreSQL.
    """
    if recall is not None and recall.agrees(statements, history):
        return ()
    with shadows() as cluster, cluster.database() as shadow:
        desired = facts_of(statements, shadow, cluster)
        if recall is not None:
            recall.keep(statements, f"{desired.hash} {shadow.major}")
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
        shadow.apply(revision.up)
    return shadow.facts()
