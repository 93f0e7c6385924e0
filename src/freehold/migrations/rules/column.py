"""Columns of tables that exist already; those of a new table are made with it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Final

from freehold.catalog import Change, Fact
from freehold.errors import Code, MigrationError
from freehold.migrations.context import Context
from freehold.migrations.operation import Lock, Operation, Phase, Stage
from freehold.migrations.rules.constraint import validation
from freehold.migrations.rules.fill import filled
from freehold.migrations.rules.name import qualified
from freehold.migrations.rules.retype import hindrance
from freehold.migrations.rules.rule import Rule, refuse_blocking, require_only
from freehold.policies import quote_identifier

# A literal, with casts; PostgreSQL stores it once for all existing rows (manual, ALTER TABLE, Notes).
_CONSTANT: Final = re.compile(
    r"""\(?(?:E?'(?:[^']|'')*'|-?[0-9.]+|\(-?[0-9.]+\)|true|false|NULL)\)?(?:::[\w. "()\[\],]+)?""", re.VERBOSE
)
# Stable, so evaluated once as well, and never null.
_STABLE: Final = frozenset({"now()", "CURRENT_TIMESTAMP", "CURRENT_DATE", "LOCALTIMESTAMP", "statement_timestamp()"})
_WIDER: Final = re.compile(r"character varying(?:\((\d+)\))?")
# What is NULL, or wrong, when nobody calls.
_CALLERS: Final = re.compile(r"\bauth\.|current_setting\(|\bCURRENT_USER\b|\bSESSION_USER\b|\bCURRENT_ROLE\b")
_LONGEST: Final = 63


class ColumnRule(Rule):
    """Added where that neither rewrites the table nor leaves existing rows without a value."""

    def add(self, fact: Fact, context: Context) -> Iterator[Operation]:
        if context.new_table(fact):
            return
        table, default = qualified(*fact.key[:2]), fact.text("default")
        if context.reverse or not _waits(fact):
            yield _operation(fact, f"ALTER TABLE {table} ADD COLUMN {definition(fact)}")
            return
        if fact.text("identity") or fact.text("generated"):
            refuse_blocking(Change(None, fact), context, "The table would be rewritten.", _computed_in_steps(fact))
            sql = f"ALTER TABLE {table} ADD COLUMN {definition(fact)}"
            yield _operation(fact, sql, Lock.ACCESS_EXCLUSIVE_REWRITE)
            return
        key = context.primary_key(fact.key[:2]) if _fills(default) else ()
        if fact.flag("not_null") and not key:
            raise _unfillable(fact)
        yield _operation(fact, f"ALTER TABLE {table} ADD COLUMN {definition(fact, default=False, not_null=False)}")
        if default:
            yield _operation(fact, f"{_alter(fact)} SET DEFAULT {default}")
        if key:
            yield from filled(
                fact.key[:2], {fact.key[2]: default}, f"{quote_identifier(fact.key[2])} IS NULL", key, context
            )
        if fact.flag("not_null"):
            yield from _made_not_null(fact)

    def drop(self, fact: Fact, context: Context) -> Iterator[Operation]:
        sql = f"ALTER TABLE {qualified(*fact.key[:2])} DROP COLUMN {quote_identifier(fact.key[2])}"
        yield Operation(Phase.COLUMN, fact.key, sql, Lock.ACCESS_EXCLUSIVE, fact.rank, drop=True)

    def alter(self, change: Change, before: Fact, after: Fact, context: Context) -> Iterator[Operation]:
        # The sequence of an identity column follows its type.
        require_only(change, "type", "default", "not_null", *(["identity_options"] if "type" in change.altered else []))
        if "type" in change.altered:
            yield from _type(change, before, after, context)
        if "default" in change.altered:
            default = after.text("default")
            yield _operation(after, f"{_alter(after)} {f'SET DEFAULT {default}' if default else 'DROP DEFAULT'}")
        if "not_null" in change.altered:
            if after.flag("not_null"):
                yield from _made_not_null(after)
            else:
                yield _operation(after, f"{_alter(after)} DROP NOT NULL")


def constant(default: str) -> bool:
    """Whether PostgreSQL can store a default once for all existing rows."""
    return bool(_CONSTANT.fullmatch(default)) or default in _STABLE


def definition(fact: Fact, *, default: bool = True, not_null: bool = True) -> str:
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
    if not_null and fact.flag("not_null"):
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
    return not constant(default)


def _fills(default: str) -> bool:
    """Whether existing rows can take it: what depends on a caller is nobody's in a migration."""
    return bool(default) and not _CALLERS.search(default) and not default.startswith("NULL")


def _unfillable(fact: Fact) -> MigrationError:
    return MigrationError(
        Code.COLUMN_NEEDS_DEFAULT,
        f"The new {fact.name} is NOT NULL and has no default that existing rows could take.",
        hint="Give it a constant default in the model (default=...). Or in three revisions: make it nullable and generate; "
        f"{_backfill(fact)}; take the None away and generate.",
    )


def _backfill(fact: Fact) -> str:
    schema, table, column = fact.key
    place = table if schema == "public" else f"{schema}.{table}"
    return f'freehold backfill {place} --set "{column}=..." --where "{column} IS NULL" -m "fill {column}"'


def _made_not_null(fact: Fact) -> Iterator[Operation]:
    """With a valid CHECK, SET NOT NULL need not read the table (PostgreSQL manual, ALTER TABLE)."""
    table, column = qualified(*fact.key[:2]), quote_identifier(fact.key[2])
    name = _check_name(fact.key[2])
    added = f"ALTER TABLE {table} ADD CONSTRAINT {quote_identifier(name)} CHECK ({column} IS NOT NULL) NOT VALID"
    key = (*fact.key[:2], name)
    # Behind all columns, so that it may name one that is added.
    yield Operation(Phase.CONSTRAINT, key, added, Lock.ACCESS_EXCLUSIVE)
    yield validation(key)
    for sql in (f"{_alter(fact)} SET NOT NULL", f"ALTER TABLE {table} DROP CONSTRAINT {quote_identifier(name)}"):
        yield Operation(Phase.COLUMN, fact.key, sql, Lock.ACCESS_EXCLUSIVE, fact.rank, stage=Stage.FINISH)


def _check_name(column: str) -> str:
    name = f"freehold_not_null_{column}"
    return (
        name
        if len(name.encode()) <= _LONGEST
        else f"freehold_not_null_{hashlib.sha256(column.encode()).hexdigest()[:16]}"
    )


def _type(change: Change, before: Fact, after: Fact, context: Context) -> Iterator[Operation]:
    widens = _widens(before.text("type"), after.text("type"))
    if not widens:
        refuse_blocking(
            change,
            context,
            f"The table would be rewritten. {hindrance(change, context)}",
            _in_steps(after),
        )
    using = "" if widens else f" USING {quote_identifier(after.key[2])}::{after.text('type')}"
    lock = Lock.ACCESS_EXCLUSIVE if widens else Lock.ACCESS_EXCLUSIVE_REWRITE
    yield _operation(after, f"{_alter(after)} TYPE {after.text('type')}{using}", lock)


def _in_steps(fact: Fact) -> str:
    table, name, type_ = ".".join(fact.key[:2]), fact.key[2], fact.text("type")
    fill = f'freehold backfill {table} --set "{name}_new={name}::{type_}" --where "{name}_new IS DISTINCT FROM {name}::{type_}"'
    return (
        f"In steps: 1. declare {name}_new, {type_}, nullable, beside it, and let the application write both. "
        f'2. {fill} -m "fill {name}_new". 3. Read from it, and give it NOT NULL and its keys. '
        f"4. In a later release drop {name}: freehold generate --allow-drop."
    )


def _computed_in_steps(fact: Fact) -> str:
    """PostgreSQL cannot make a stored column of one that is there, so what is filled stays a plain one."""
    table, name, value = ".".join(fact.key[:2]), fact.key[2], fact.text("generated")
    if fact.text("identity"):
        return (
            f"Give it a sequence instead, which is filled in batches: CREATE SEQUENCE {table}_{name}_seq (freehold.models.sql, "
            f"first=True), and server_default=\"nextval('{table}_{name}_seq')\"."
        )
    return (
        f"In steps: 1. declare {name} as a plain column, {fact.text('type')}, nullable. 2. Keep it by a trigger "
        f"(freehold.models.sql): BEFORE INSERT OR UPDATE, NEW.{name} := {value}. 3. freehold backfill {table} "
        f'--set "{name}={value}" --where "{name} IS DISTINCT FROM {value}" -m "fill {name}". '
        "On PostgreSQL 18 a virtual column (computed, not stored) is added at once."
    )


def _alter(fact: Fact) -> str:
    return f"ALTER TABLE {qualified(*fact.key[:2])} ALTER COLUMN {quote_identifier(fact.key[2])}"


def _operation(fact: Fact, sql: str, lock: Lock = Lock.ACCESS_EXCLUSIVE) -> Operation:
    return Operation(Phase.COLUMN, fact.key, sql, lock, fact.rank)


def _widens(before: str, after: str) -> bool:
    """Whether the stored values stay as they are: varchar to a longer varchar, or to text."""
    old, new = _WIDER.fullmatch(before), _WIDER.fullmatch(after)
    if old is None:
        return before == "text" and after == "character varying"
    if after == "text" or (new is not None and new[1] is None):
        return True
    return new is not None and old[1] is not None and int(new[1]) >= int(old[1])
