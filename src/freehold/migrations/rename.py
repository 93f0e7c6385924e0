"""Renames: declared, never guessed; what PostgreSQL names after a table or column follows by itself.

A rename is run on the shadow before anything is compared, so that PostgreSQL itself rewrites every expression that
names the old one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from freehold.catalog import Change, Fact, Kind, Snapshot, diff
from freehold.errors import Code, MigrationError
from freehold.migrations.context import Context
from freehold.migrations.rules.name import qualified
from freehold.policies import quote_identifier

_NAMED: Final = re.compile(r"^(CREATE (?:UNIQUE )?(?:INDEX|TRIGGER)) (?:\"(?:[^\"]|\"\")+\"|\S+)")


@dataclass(frozen=True, slots=True)
class Rename:
    """A declared one: the table ``schema.table`` was called ``old``, or its ``column`` was."""

    schema: str
    table: str
    old: str
    column: str | None = None


@dataclass(frozen=True, slots=True)
class Move:
    """One rename as SQL, forth and back."""

    up: str
    down: str
    words: str


def declared(renames: Sequence[Rename], before: Snapshot, desired: Snapshot) -> tuple[Move, ...]:
    """The moves that ``renames`` ask for: those not made yet, tables first."""
    tables = [each for each in renames if each.column is None and _open(Kind.TABLE, each, before, desired)]
    moved = {(each.schema, each.table): each.old for each in tables}
    columns = [each for each in renames if each.column is not None and _open(Kind.COLUMN, each, before, desired, moved)]
    return (*map(_table, tables), *map(_column, columns))


def refuse_sealed(renames: Sequence[Rename], before: Snapshot, desired: Snapshot) -> None:
    """Raises `MigrationError` (FH408) for a table with sealed columns: their values are bound to its name."""
    for rename in renames:
        if rename.column is None and _open(Kind.TABLE, rename, before, desired):
            checks = before.of(Kind.CONSTRAINT, rename.schema, rename.old)
            if any(fact.key[-1].endswith("_sealed") for fact in checks):
                raise MigrationError(
                    Code.DROP_REFUSED,
                    f"What is sealed in {rename.schema}.{rename.old} opens under this name only.",
                    hint=f"Keep __tablename__ = {rename.old!r}; the class may have any name. If the sealed values may go, "
                    "generate again with --allow-drop.",
                )


def following(renamed: Snapshot, desired: Snapshot) -> tuple[Move, ...]:
    """The moves of what differs in nothing but its name: keys, indexes, policies and triggers of a renamed table."""
    changes = [change for change in diff(renamed, desired) if change.kind in _FOLLOW]
    gone = [change.before for change in changes if change.before and change.after is None]
    new = {_anonymous(change.after): change.after for change in changes if change.after and change.before is None}
    pairs = [(fact, new.pop(_anonymous(fact))) for fact in gone if _anonymous(fact) in new]
    return tuple(_follow(one, other) for one, other in pairs)


def refuse_ambiguous(changes: Sequence[Change], context: Context) -> None:
    """Raises `MigrationError` (FH419) where something dropped and something added may be one thing renamed."""
    for gone in (change.before for change in changes if change.before and change.after is None):
        if context.absorbed(gone):
            continue
        for new in (change.after for change in changes if change.after and change.before is None):
            if gone.kind is new.kind and _alike(gone, new, context):
                raise _ambiguous(gone, new, context.before)


def _open(
    kind: Kind, rename: Rename, before: Snapshot, desired: Snapshot, moved: dict[tuple[str, str], str] | None = None
) -> bool:
    """Whether the old name is there still, and the new one is not."""
    table = (moved or {}).get((rename.schema, rename.table), rename.table)
    if kind is Kind.TABLE:
        new, old = (rename.schema, rename.table), (rename.schema, rename.old)
        return (kind, old) in before and (kind, new) not in before and (kind, old) not in desired
    column = rename.column or ""
    key = (rename.schema, table)
    return (kind, (*key, rename.old)) in before and (kind, (*key, column)) not in before


def _table(rename: Rename) -> Move:
    old, new = (qualified(rename.schema, name) for name in (rename.old, rename.table))
    return Move(
        f"ALTER TABLE {old} RENAME TO {quote_identifier(rename.table)}",
        f"ALTER TABLE {new} RENAME TO {quote_identifier(rename.old)}",
        f"table {rename.schema}.{rename.old} is now {rename.table}",
    )


def _column(rename: Rename) -> Move:
    table, old, new = qualified(rename.schema, rename.table), rename.old, rename.column or ""
    return Move(
        f"ALTER TABLE {table} RENAME COLUMN {quote_identifier(old)} TO {quote_identifier(new)}",
        f"ALTER TABLE {table} RENAME COLUMN {quote_identifier(new)} TO {quote_identifier(old)}",
        f"column {rename.schema}.{rename.table}.{old} is now {new}",
    )


_FOLLOW: Final = {
    Kind.CONSTRAINT: "ALTER TABLE {table} RENAME CONSTRAINT {old} TO {new}",
    Kind.INDEX: "ALTER INDEX {schema}.{old} RENAME TO {new}",
    Kind.POLICY: "ALTER POLICY {old} ON {table} RENAME TO {new}",
    Kind.TRIGGER: "ALTER TRIGGER {old} ON {table} RENAME TO {new}",
}


def _follow(one: Fact, other: Fact) -> Move:
    def sql(old: str, new: str) -> str:
        return _FOLLOW[one.kind].format(
            schema=quote_identifier(one.key[0]),
            table=qualified(*one.key[:2]),
            old=quote_identifier(old),
            new=quote_identifier(new),
        )

    words = f"{one.name} is now {other.key[2]}"
    return Move(sql(one.key[2], other.key[2]), sql(other.key[2], one.key[2]), words)


def _anonymous(fact: Fact) -> tuple[object, ...]:
    """What a fact is but for its name, which PostgreSQL repeats in some definitions."""
    values = [(name, _NAMED.sub(r"\1", value) if isinstance(value, str) else value) for name, value in fact.attributes]
    return fact.kind, fact.key[:2], tuple(values)


def _alike(gone: Fact, new: Fact, context: Context) -> bool:
    if gone.kind is Kind.COLUMN:
        return gone.key[:2] == new.key[:2] and gone.get("type") == new.get("type")
    if gone.kind is Kind.TABLE:
        return gone.key[0] == new.key[0] and _columns(gone, context.before) == _columns(new, context.after)
    return False


def _columns(table: Fact, facts: Snapshot) -> frozenset[tuple[str, object]]:
    return frozenset((column.key[2], column.get("type")) for column in facts.of(Kind.COLUMN, *table.key))


def _ambiguous(gone: Fact, new: Fact, before: Snapshot) -> MigrationError:
    return MigrationError(
        Code.RENAME_AMBIGUOUS,
        f"Is {new.name} the renamed {gone.name}, or another one?",
        detail="A drop and an add would lose the rows' values; a rename keeps them.",
        hint=f"{_declaration(gone, before)} If it is another: freehold generate --allow-drop",
    )


def _declaration(gone: Fact, before: Snapshot) -> str:
    """How to say that it is renamed."""
    name, table = gone.key[-1], gone.kind is Kind.TABLE
    checks = before.of(Kind.CONSTRAINT, *gone.key[:2])
    if any(fact.key[-1].endswith("_sealed" if table else f"_{name}_sealed") for fact in checks):
        return f"What is sealed in {name} opens under this name only: keep it, or seal the values anew under the other."
    declaration = f'__renamed_from__ = "{name}"' if table else f'column(renamed_from="{name}")'
    return f"If it is renamed, say so in the model: {declaration}."


def moves(words: Sequence[Move]) -> Iterator[str]:
    """Lines for the header of a revision."""
    return (f"renamed: {move.words}; the running release still asks for the old name" for move in words)
