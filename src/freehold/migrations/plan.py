"""From two snapshots to the statements between them: pure, deterministic, and complete or refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from freehold.catalog import Change, Kind, Snapshot, diff
from freehold.errors import Code, MigrationError
from freehold.migrations.context import Context, Identity
from freehold.migrations.operation import Operation, Stage
from freehold.migrations.rename import refuse_ambiguous
from freehold.migrations.rules import RULES
from freehold.migrations.rules.enum import grows
from freehold.migrations.rules.mention import NAMING, mentions
from freehold.migrations.rules.retype import retyping
from freehold.migrations.weakness import weakenings

_HOLDS_ROWS = (Kind.SCHEMA, Kind.TABLE, Kind.COLUMN, Kind.SEQUENCE)


@dataclass(frozen=True)
class Plan:
    """The changes between two snapshots and the statements that make them, forth and back.

    ``weakened``: what guards less than before. ``irreversible``: what going back cannot restore. ``back``: what going
    back gives, which is what was there but for the values of enums.
    """

    changes: tuple[Change, ...]
    up: tuple[Operation, ...]
    down: tuple[Operation, ...]
    weakened: tuple[str, ...]
    irreversible: tuple[str, ...]
    back: Snapshot


def plan(current: Snapshot, desired: Snapshot, *, allow_drop: bool = False, allow_blocking: bool = False) -> Plan:
    """The plan from ``current`` to ``desired``; no changes, no statements.

    Raises `MigrationError`: FH407 for a change no rule can make, FH408 for a drop that loses rows and was not
    allowed, FH413 for a column existing rows would have no value for, FH414 for a grant on an unguarded table, FH419
    for what may be a rename, FH421 for a change that keeps everybody waiting and was not allowed.
    """
    changes = diff(current, desired)
    forward = Context(current, desired, changes, blocking=allow_blocking)
    lost = tuple(change for change in changes if _loses_rows(change, forward))
    if lost and not allow_drop:
        refuse_ambiguous(changes, forward)
        raise _drop_refused(lost)
    grown = {change.fact.identity: change.fact for change in changes if grows(change)}
    back = Snapshot(grown.get(fact.identity, fact) for fact in current.facts)
    return Plan(
        changes,
        _operations(forward),
        _operations(Context(desired, back, diff(desired, back), reverse=True, blocking=True)),
        weakenings(changes, forward),
        tuple(change.fact.name for change in lost) + tuple(fact.name for fact in grown.values()),
        back,
    )


def _operations(context: Context) -> tuple[Operation, ...]:
    retyped = retyping(context)
    changes = tuple(_recreated(retyped.rest, context))
    found = [*_planned(changes, replace(context, changes=changes)), *retyped.operations()]
    again = _planned(retyped.again, retyped.surroundings())
    found += [replace(operation, stage=Stage.FINISH) for operation in again]
    return tuple(dict.fromkeys(sorted(found, key=lambda operation: operation.order)))


def _planned(changes: Sequence[Change], context: Context) -> Iterator[Operation]:
    """What the rule of each kind plans for its changes."""
    kinds: dict[Kind, list[Change]] = {}
    for change in changes:
        kinds.setdefault(change.kind, []).append(change)
    for kind in Kind:
        if kind in kinds:
            yield from RULES[kind].plan(kinds[kind], context)


def _recreated(changes: Sequence[Change], context: Context) -> Iterator[Change]:
    """Splits what can only be dropped and made again, and takes along what is attached to it and would be lost."""
    again = {
        change.fact.identity for change in changes if change.verb == "alter" and RULES[change.kind].recreates(change)
    } | set(_in_the_way(changes, context))
    attached = (
        {
            fact.identity: fact
            for fact in context.before.facts
            if fact.identity not in again and any(context.subject(fact) == identity for identity in again)
        }
        if again
        else {}
    )
    for change in changes:
        if change.fact.identity in again or (change.verb == "alter" and change.fact.identity in attached):
            yield Change(change.before, None)
            yield Change(None, change.after)
        else:
            yield change
    changed = {change.fact.identity for change in changes}
    for identity in (*sorted(again), *attached):
        if identity not in changed:
            yield Change(context.before[identity], None)
            yield Change(None, context.before[identity])


def _in_the_way(changes: Sequence[Change], context: Context) -> Iterator[Identity]:
    """What names a column whose type changes in place: PostgreSQL refuses to look into it (manual, ALTER TABLE)."""
    for change in changes:
        if change.kind is Kind.COLUMN and "type" in change.altered:
            for fact in mentions(change.key, context.before):
                if fact.kind in NAMING and fact.identity in context.after:
                    yield fact.identity


def _loses_rows(change: Change, context: Context) -> bool:
    return change.verb == "drop" and change.kind in _HOLDS_ROWS and not context.absorbed(change.fact)


def _drop_refused(lost: Sequence[Change]) -> MigrationError:
    names = ", ".join(change.fact.name for change in lost)
    return MigrationError(
        Code.DROP_REFUSED,
        f"This would drop {names}, and the rows in it.",
        hint="Put it back into the models, or generate again with --allow-drop if the rows may go.",
    )
