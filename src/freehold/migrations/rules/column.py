"""Columns of tables that exist already; those of a new table are made with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from freehold.catalog import Change, Fact
from freehold.errors import Code, MigrationError
from freehold.migrations.context import Context
from freehold.migrations.operation import Lock, Operation, Phase
from freehold.migrations.rules.name import qualified
from freehold.migrations.rules.rule import Rule, require_only, unsupported
from freehold.policies import quote_identifier

# A literal, with casts; PostgreSQL stores it once for all existing rows (manual, ALTER TABLE, Notes).
_CONSTANT: Final = re.compile(
    r"""\(?(?:E?'(?:[^']|'')*'|-?[0-9.]+|\(-?[0-9.]+\)|true|false|NULL)\)?(?:::[\w. "()\[\],]+)?""", re.VERBOSE
)
# Stable, so evaluated once as well, and never null.
_STABLE: Final = frozenset({"now()", "CURRENT_TIMESTAMP", "CURRENT_DATE", "LOCALTIMESTAMP", "statement_timestamp()"})
_WIDER: Final = re.compile(r"character varying(?:\((\d+)\))?")
_HINT = "Add the column nullable first, fill it in a second migration, and make it NOT NULL in a third."


class ColumnRule(Rule):
    """Added where that neither rewrites the table nor leaves existing rows without a value."""

    def add(self, fact: Fact, context: Context) -> Iterator[Operation]:
        if context.new_table(fact):
            return
        table, default = qualified(*fact.key[:2]), fact.text("default")
        if context.reverse or not _waits(fact):
            yield _operation(fact, f"ALTER TABLE {table} ADD COLUMN {definition(fact)}")
            return
        _refuse_unfillable(fact)
        yield _operation(fact, f"ALTER TABLE {table} ADD COLUMN {definition(fact, default=False)}")
        yield _operation(fact, f"{_alter(fact)} SET DEFAULT {default}")

    def drop(self, fact: Fact, context: Context) -> Iterator[Operation]:
        sql = f"ALTER TABLE {qualified(*fact.key[:2])} DROP COLUMN {quote_identifier(fact.key[2])}"
        yield Operation(Phase.COLUMN, fact.key, sql, Lock.ACCESS_EXCLUSIVE, fact.rank, drop=True)

    def alter(self, change: Change, before: Fact, after: Fact, context: Context) -> Iterator[Operation]:
        require_only(change, "type", "default", "not_null")
        if "type" in change.altered:
            if not context.reverse and not _widens(before.text("type"), after.text("type")):
                raise unsupported(change, "Add a column of the new type, fill it, and drop the old one later.")
            yield _operation(after, f"{_alter(after)} TYPE {after.text('type')}", _type_lock(before, after))
        if "default" in change.altered:
            default = after.text("default")
            yield _operation(after, f"{_alter(after)} {f'SET DEFAULT {default}' if default else 'DROP DEFAULT'}")
        if "not_null" in change.altered:
            verb = "SET" if after.flag("not_null") else "DROP"
            lock = Lock.ACCESS_EXCLUSIVE_SCAN if after.flag("not_null") else Lock.ACCESS_EXCLUSIVE
            yield _operation(after, f"{_alter(after)} {verb} NOT NULL", lock)


def definition(fact: Fact, *, default: bool = True) -> str:
    """A column as CREATE TABLE and ADD COLUMN spell it."""
    parts = [quote_identifier(fact.key[2]), fact.text("type")]
    if fact.text("collation"):
        parts.append(f"COLLATE {fact.text('collation')}")
    if fact.text("generated"):
        kind = "STORED" if fact.flag("stored") else "VIRTUAL"
        parts.append(f"GENERATED ALWAYS AS ({fact.text('generated')}) {kind}")
    if fact.text("identity"):
        parts.append(f"GENERATED {fact.text('identity')} AS IDENTITY ({fact.text('identity_options')})")
    if default and fact.text("default"):
        parts.append(f"DEFAULT {fact.text('default')}")
    if fact.flag("not_null"):
        parts.append("NOT NULL")
    return " ".join(parts)


def _waits(fact: Fact) -> bool:
    """Whether existing rows cannot have the column at once."""
    if fact.text("identity") or (fact.text("generated") and fact.flag("stored")):
        return True
    default = fact.text("default")
    if not default:
        return fact.flag("not_null") and not fact.text("generated")
    if fact.flag("not_null") and default.startswith("NULL"):
        return True
    return not (_CONSTANT.fullmatch(default) or default in _STABLE)


def _refuse_unfillable(fact: Fact) -> None:
    if fact.text("identity") or fact.text("generated"):
        raise unsupported(Change(None, fact), "Adding it would rewrite the table. Add a plain nullable column instead.")
    if fact.flag("not_null"):
        why = "has no default that existing rows could take"
        raise MigrationError(
            Code.COLUMN_NEEDS_DEFAULT,
            f"The new {fact.name} is NOT NULL and {why}.",
            hint=f"Give it a constant default in the model (default=...), or make it nullable. {_HINT}",
        )


def _alter(fact: Fact) -> str:
    return f"ALTER TABLE {qualified(*fact.key[:2])} ALTER COLUMN {quote_identifier(fact.key[2])}"


def _operation(fact: Fact, sql: str, lock: Lock = Lock.ACCESS_EXCLUSIVE) -> Operation:
    return Operation(Phase.COLUMN, fact.key, sql, lock, fact.rank)


def _type_lock(before: Fact, after: Fact) -> Lock:
    widens = _widens(before.text("type"), after.text("type"))
    return Lock.ACCESS_EXCLUSIVE if widens else Lock.ACCESS_EXCLUSIVE_REWRITE


def _widens(before: str, after: str) -> bool:
    """Whether the stored values stay as they are: varchar to a longer varchar, or to text."""
    old, new = _WIDER.fullmatch(before), _WIDER.fullmatch(after)
    if old is None:
        return before == "text" and after == "character varying"
    if after == "text" or (new is not None and new[1] is None):
        return True
    return new is not None and old[1] is not None and int(new[1]) >= int(old[1])
