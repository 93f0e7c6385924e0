"""A revision that changes rows and not the schema: in batches, resumable, proven on a scratch database first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from freehold.catalog import Kind, Snapshot
from freehold.errors import Code, MigrationError
from freehold.migrations.context import Context
from freehold.migrations.generate import Generated, replay
from freehold.migrations.graph import check
from freehold.migrations.history import load
from freehold.migrations.operation import Operation, Phase
from freehold.migrations.plan import Plan
from freehold.migrations.progress import Progress, Report, silent
from freehold.migrations.prove import prove
from freehold.migrations.revision import Draft, scripts, write
from freehold.migrations.rules.fill import filled
from freehold.migrations.rules.name import qualified
from freehold.migrations.safety import refuse_unsafe
from freehold.migrations.shadow import Cluster

_STEPS = 3


@dataclass(frozen=True)
class Backfill:
    """New values for the rows of ``table`` that fulfil ``where``, an SQL condition that no row fulfils afterwards.

    ``values``: SQL expressions by column. ``size``: rows of a batch, >= 1. ``schema.table`` where it is not in public.
    """

    table: str
    values: Mapping[str, str]
    where: str
    size: int = 1000

    @property
    def key(self) -> tuple[str, str]:
        """Schema and table."""
        schema, _, name = self.table.rpartition(".")
        return schema or "public", name


def backfill(
    operations: Sequence[Backfill], directory: Path, message: str, cluster: Cluster, report: Report = silent
) -> Generated:
    """Writes a revision that runs ``operations``, in order; going back leaves the values as they are.

    Raises `MigrationError`: FH402-FH404 for the history, FH407 for a table or column that is not there or has no primary
    key, FH410 when PostgreSQL refuses it.
    """
    history = load(directory)
    check(history)
    with cluster.database() as shadow:
        report(Progress("history", message, 0, _STEPS))
        facts = replay(shadow, history)
        context = Context(facts, facts, ())
        # One stage, so that they stay in order; the policy comes before, and goes after.
        found = [each for one in operations for each in _operations(one, context)]
        up = tuple(
            dict.fromkeys(sorted(found, key=lambda each: (each.stage, each.phase is Phase.POLICY and each.drop)))
        )
        planned = Plan((), up, (), (), (), facts)
        facts_line = f"{facts.hash} {shadow.major}"
        parents = (history.head,) if history.head else ()
        forth, back = scripts(planned, Draft(message, parents, facts_line, (), (), tuple(map(_note, operations))))
        refuse_unsafe(forth)
        report(Progress("proof", message, 1, _STEPS))
        prove(shadow, forth, back, facts, facts)
    report(Progress("files", message, 2, _STEPS))
    files = write(directory, message, forth, back, facts)
    report(Progress("files", message, _STEPS, _STEPS))
    return Generated(forth.revision, files, (), forth.notes[1:], ())


def _operations(one: Backfill, context: Context) -> list[Operation]:
    key = _key(one, context.before)
    if one.size < 1 or not one.values or not one.where.strip():
        raise _impossible(one, "it needs a column to set, a condition, and at least one row in a batch")
    return list(filled(one.key, one.values, one.where, key, context, one.size))


def _key(one: Backfill, facts: Snapshot) -> tuple[str, ...]:
    context = Context(facts, facts, ())
    if (Kind.TABLE, one.key) not in facts:
        tables = ", ".join(".".join(fact.key) for fact in facts.of(Kind.TABLE)) or "none"
        raise _impossible(one, f"there is no such table; there are {tables}")
    for column in one.values:
        if (Kind.COLUMN, (*one.key, column)) not in facts:
            names = ", ".join(fact.key[2] for fact in facts.of(Kind.COLUMN, *one.key))
            raise _impossible(one, f"it has no column {column}; it has {names}")
    key = context.primary_key(one.key)
    if not key:
        raise _impossible(one, "it has no primary key to go along")
    if set(key) & set(one.values):
        raise _impossible(one, "the primary key is what it goes along, and cannot be changed on the way")
    return key


def _impossible(one: Backfill, why: str) -> MigrationError:
    return MigrationError(
        Code.CHANGE_UNSUPPORTED,
        f"The rows of {one.table} cannot be changed in batches: {why}.",
        hint='freehold backfill tasks --set "title=trim(title)" --where "title <> trim(title)" -m "trim titles"',
    )


def _note(one: Backfill) -> str:
    return f"rows of {qualified(*one.key)} in batches of {one.size}; going back leaves their values"
