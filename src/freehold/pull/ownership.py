"""Whose a row is: read from the policies where there are any, proposed from the keys where there are none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from freehold.catalog import Fact
from freehold.pull.expression import Expression, parse
from freehold.pull.table import Table

_USERS: Final = frozenset({"users", "user", "profiles", "accounts"})
_OWNERS: Final = ("user_id", "userId", "owner_id", "ownerId", "owner")
_TYPES: Final = frozenset({"text", "uuid"})


@dataclass(frozen=True)
class Ownership:
    """``column`` owns the row; ``proposed`` where nothing in the database says so."""

    column: str
    proposed: bool = False


def ownership(tables: Mapping[tuple[str, ...], Table]) -> dict[tuple[str, ...], Ownership]:
    """The owners of those tables that have one."""
    found = {key: Ownership(column) for key, table in tables.items() if (column := _declared(table))}
    proposed = {
        key: column for key, table in tables.items() if not table.guarded and (column := _likely(table, tables))
    }
    users = {
        reference.target
        for key, column in (*((key, each.column) for key, each in found.items()), *proposed.items())
        for reference in tables[key].references
        if reference.columns == (column,) and tables.get(reference.target) is not None
    }
    for key in users:
        table = tables[key]
        if len(table.primary_key) == 1 and not table.guarded and _may_own(table, table.primary_key[0]):
            proposed[key] = table.primary_key[0]
    return {**{key: Ownership(column, proposed=True) for key, column in proposed.items()}, **found}


def mine(column: str, expression: Expression) -> bool:
    """Whether ``expression`` says that ``column`` is the caller's id."""
    if expression.kind != "compare" or expression.name != "==":
        return False
    kinds = {item.kind: item for item in expression.items}
    return kinds.keys() == {"caller", "column"} and kinds["column"].name == column


def _declared(table: Table) -> str | None:
    """The column that most policies for signed-in users compare with the caller, or whose default is the caller."""
    counted = Counter(column for policy in table.policies for column in _callers(policy, table))
    for column, fact in table.columns.items():
        default = parse(fact.text("default")) if fact.text("default") else None
        if default is not None and default.kind == "caller":
            counted[column] += 1
    usable = [column for column, _ in counted.most_common() if _may_own(table, column)]
    return usable[0] if usable else None


def _callers(policy: Fact, table: Table) -> set[str]:
    parsed = [parse(policy.text(name)) for name in ("using", "check") if policy.text(name)]
    terms = [term for each in parsed if each is not None for term in each.terms]
    return {column for column in table.columns for term in terms if mine(column, term)}


def _likely(table: Table, tables: Mapping[tuple[str, ...], Table]) -> str | None:
    for reference in table.references:
        if len(reference.columns) == 1 and reference.target[1] in _USERS and reference.target != table.key:
            target = tables.get(reference.target)
            if target is not None and reference.key == target.primary_key and _may_own(table, reference.columns[0]):
                return reference.columns[0]
    return next((name for name in _OWNERS if name in table.columns and _may_own(table, name)), None)


def _may_own(table: Table, column: str) -> bool:
    fact = table.columns[column]
    kind = fact.text("type")
    return fact.flag("not_null") and (kind in _TYPES or kind.startswith("character varying"))
