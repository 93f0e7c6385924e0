"""Tables: made with their columns and constraints; row security is enabled and forced before anything is granted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from freehold.catalog import Change, Fact, Kind
from freehold.migrations.context import Context
from freehold.migrations.operation import Lock, Operation, Phase
from freehold.migrations.rules.column import definition
from freehold.migrations.rules.constraint import within_table
from freehold.migrations.rules.guard import refuse_unguarded
from freehold.migrations.rules.name import qualified, revoke_defaults
from freehold.migrations.rules.rule import Rule, require_only, unsupported
from freehold.policies import quote_identifier

_ATTACHED = Lock.ACCESS_EXCLUSIVE
"""On the parent; a default partition is read through for rows that now belong elsewhere."""
_REPLICA_IDENTITY = {"d": "DEFAULT", "f": "FULL", "n": "NOTHING"}


class TableRule(Rule):
    """A partition, or a table that inherits, comes after its parents. Foreign tables have no rule."""

    def plan(self, changes: Sequence[Change], context: Context) -> Iterator[Operation]:
        for change in changes:
            for operation in super().plan([change], context):
                yield replace(operation, rank=_depth(change.fact, context))

    def add(self, fact: Fact, context: Context) -> Iterator[Operation]:
        if fact.text("kind") == "foreign":
            raise unsupported(Change(None, fact), "Foreign tables are not planned: leave them to who made the server.")
        name = qualified(*fact.key)
        lock = Lock.NEW if all((Kind.TABLE, tuple(need[1:])) in context.added for need in fact.requires) else _ATTACHED
        yield Operation(Phase.TABLE, fact.key, _create(fact, context), lock)
        yield Operation(Phase.TABLE, fact.key, revoke_defaults(f"TABLE {name}", "TABLES", context), Lock.NEW)
        if fact.text("replica_identity") != "d":
            yield _replica_identity(Change(None, fact), fact, Lock.NEW)
        yield from _row_security(fact, fact.flag("row_security") or None, fact.flag("forced") or None, Lock.NEW)

    def drop(self, fact: Fact, context: Context) -> Iterator[Operation]:
        yield Operation(Phase.TABLE, fact.key, f"DROP TABLE {qualified(*fact.key)}", Lock.ACCESS_EXCLUSIVE, drop=True)

    def alter(self, change: Change, before: Fact, after: Fact, context: Context) -> Iterator[Operation]:
        require_only(change, "row_security", "forced", "options", "replica_identity")
        for kind in ("table", "column"):
            for grant in context.after.of(Kind.GRANT, kind, *after.key):
                refuse_unguarded(grant, context)
        if "options" in change.altered:
            yield from _options(before, after)
        if "replica_identity" in change.altered:
            yield _replica_identity(change, after, Lock.ACCESS_EXCLUSIVE)
        yield from _row_security(
            after,
            after.flag("row_security") if "row_security" in change.altered else None,
            after.flag("forced") if "forced" in change.altered else None,
            Lock.ACCESS_EXCLUSIVE,
        )


def _depth(fact: Fact, context: Context) -> int:
    """How many tables stand above it."""
    tables = ((Kind.TABLE, tuple(need[1:])) for need in fact.requires)
    parents = (context.after.get(each) or context.before.get(each) for each in tables)
    return max((1 + _depth(parent, context) for parent in parents if parent is not None), default=0)


def _create(fact: Fact, context: Context) -> str:
    columns = sorted(context.after.of(Kind.COLUMN, *fact.key), key=lambda column: column.rank)
    lines = [definition(column) for column in columns]
    lines += [
        f"CONSTRAINT {quote_identifier(constraint.key[2])} {constraint.text('definition')}"
        for constraint in context.after.of(Kind.CONSTRAINT, *fact.key)
        if within_table(constraint)
    ]
    unlogged = "UNLOGGED " if fact.text("persistence") == "unlogged" else ""
    options = f" WITH ({', '.join(fact.names('options'))})" if fact.names("options") else ""
    body = "(\n    " + ",\n    ".join(lines) + "\n)" if lines else "()"
    parents = ", ".join(fact.names("parents"))
    if fact.text("bound"):
        body = " ".join(filter(None, (f"PARTITION OF {parents}", body if lines else "", fact.text("bound"))))
    elif parents:
        body = f"{body} INHERITS ({parents})"
    split = f" PARTITION BY {fact.text('partition_by')}" if fact.text("partition_by") else ""
    return f"CREATE {unlogged}TABLE {qualified(*fact.key)} {body}{split}{options}"


def _row_security(fact: Fact, enabled: bool | None, forced: bool | None, lock: Lock) -> Iterator[Operation]:
    """Taking it away counts as a drop, so that it comes after grants are revoked."""
    table = f"ALTER TABLE {qualified(*fact.key)}"
    if enabled is not None:
        verb = "ENABLE" if enabled else "DISABLE"
        yield Operation(Phase.ROW_SECURITY, fact.key, f"{table} {verb} ROW LEVEL SECURITY", lock, drop=not enabled)
    if forced is not None:
        verb = "FORCE" if forced else "NO FORCE"
        yield Operation(Phase.ROW_SECURITY, fact.key, f"{table} {verb} ROW LEVEL SECURITY", lock, drop=not forced)


def _options(before: Fact, after: Fact) -> Iterator[Operation]:
    table = f"ALTER TABLE {qualified(*after.key)}"
    gone = [each.partition("=")[0] for each in before.names("options") if each not in after.names("options")]
    new = [each for each in after.names("options") if each not in before.names("options")]
    if gone:
        yield Operation(Phase.TABLE, after.key, f"{table} RESET ({', '.join(gone)})", Lock.SHARE_UPDATE_EXCLUSIVE)
    if new:
        yield Operation(Phase.TABLE, after.key, f"{table} SET ({', '.join(new)})", Lock.SHARE_UPDATE_EXCLUSIVE)


def _replica_identity(change: Change, fact: Fact, lock: Lock) -> Operation:
    identity = _REPLICA_IDENTITY.get(fact.text("replica_identity"))
    if identity is None:
        raise unsupported(change)
    return Operation(Phase.TABLE, fact.key, f"ALTER TABLE {qualified(*fact.key)} REPLICA IDENTITY {identity}", lock)
