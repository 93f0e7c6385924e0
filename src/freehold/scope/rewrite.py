"""Updates of sealed columns whose rows are not named by key: the rows are locked, and each is sealed for itself.

The same goes for rows that get another owner or key: what they hold sealed is opened and sealed for the new place.
"""

# What an UPDATE assigns is SQLAlchemy's own business.
# pyright: reportPrivateUsage=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false
# ruff: noqa: SLF001

from __future__ import annotations

from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, Update, select, update

from freehold.encryption import KeyChain
from freehold.models import Model, owner_column, places_of, table_of
from freehold.scope.change import Assignment, written_alteration
from freehold.scope.placing import assigned, assigns_sealed, key_condition, row_column, sealed_values

M = TypeVar("M", bound=Model)


def sealed_alteration(model: type[M], parts: tuple[ColumnElement[bool] | Assignment, ...]) -> Update | None:
    """The update as a statement with its values in it, where it concerns what is sealed; None where it does not."""
    table = table_of(model)
    names = {place.column for place in places_of(table)}
    if not names:
        return None
    names |= {column.key for column in (owner_column(table), row_column(table)) if column is not None}
    assigned_ = {part.attribute.key for part in parts if isinstance(part, Assignment)}
    return written_alteration(model, parts) if not names.isdisjoint(assigned_) else None


def rewrites_sealed(statement: Update) -> bool:
    """Whether the statement's rows must be read before it can be sealed."""
    table: Any = statement.table
    if not places_of(table):
        return False
    owner, key = owner_column(table), row_column(table)
    given = assigned(statement)
    if key.key in given or (owner is not None and owner.key in given):
        return True
    return assigns_sealed(statement) and key is not owner and key.key not in key_condition(statement)


def rows_to_rewrite(model: type[M], statement: Update) -> Select[M]:
    """The rows the statement would change, locked until the transaction ends."""
    return select(model).where(*statement._where_criteria).with_for_update()


def owner_now(row: Model) -> str:
    """Whose the row is; "" where rows have no owner."""
    owner = owner_column(table_of(type(row)))
    return "" if owner is None else str(vars(row)[owner.key])


def owner_after(statement: Update, row: Model) -> str:
    """Whose the row will be."""
    owner = owner_column(table_of(type(row)))
    return "" if owner is None else str(assigned(statement).get(owner.key, vars(row)[owner.key]))


def rewriting(model: type[M], statement: Update, row: M, chain: KeyChain) -> Any:
    """The statement for one row, with what it writes, or what moves with it, as ciphertext for its place."""
    table = table_of(model)
    given = assigned(statement)
    keys = {each.key for each in table.primary_key} | {each.key for each in (owner_column(table),) if each is not None}
    names = {place.column for place in places_of(table) if place.column in vars(row)}
    kept = {name: vars(row)[name] for name in names | keys}
    sealed = sealed_values(table, {**kept, **given}, None, chain)
    changed = {name: value for name, value in sealed.items() if name in given or value is not kept.get(name)}
    where = [getattr(model, key) == vars(row)[key] for key in sorted(keys)]
    return update(model).where(*where).values(changed).returning(model)
