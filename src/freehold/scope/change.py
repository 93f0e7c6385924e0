"""Changes to rows, as values a type checker can hold against the model: ``set_(Task.status, "completed")``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Column, Delete, Executable, Insert, Update, bindparam, delete, func, insert, select, update
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import ClauseElement, ColumnElement, SQLCoreOperations
from sqlalchemy.types import Uuid

from freehold.errors import Code, StatementError
from freehold.models import Model, owner_column, rules_of, table_of
from freehold.scope.internals import shape_of
from freehold.scope.plan import Prepared, owner_uuid
from freehold.typing import Attr

T = TypeVar("T")


@dataclass(frozen=True, repr=False)
class Assignment:
    """One column and what it becomes."""

    attribute: Attr[Any]
    value: Any


def set_(attribute: Attr[T], value: T | SQLCoreOperations[T]) -> Assignment:
    """The column becomes ``value``, or what an SQL expression gives."""
    return Assignment(attribute, value)


def append(attribute: Attr[list[T]], item: T) -> Assignment:
    """The jsonb array gets one more item, in one atomic step: two callers who append both succeed."""
    return Assignment(attribute, attribute.op("||")(bindparam(None, [item], type_=attribute.type)))


def insertion(row: Model, owner: str | None, *, confined: bool) -> Insert | Prepared:
    """INSERT of a model, with the owner filled in, that gives back the row as the database has it.

    ``confined``: the compiler adds the owner, for rows of that owner only.
    """
    model, values = type(row), _values(row, owner, confined=confined)
    if any(isinstance(value, ClauseElement) for value in values.values()):
        return insert(model).values(values).returning(model)
    names = tuple(values)
    return Prepared(
        ("insert", model, names),
        lambda: insert(model).values({name: bindparam(f"given_{name}") for name in names}).returning(model),
        {f"given_{name}": value for name, value in values.items()},
    )


def lookup(model: type[Model], key: object) -> Prepared:
    """SELECT of the row with this key."""
    return Prepared(
        ("get", model),
        lambda: select(model).where(key_of(model) == bindparam("given_key")).limit(1),
        {"given_key": key},
    )


def alteration(model: type[Model], parts: tuple[ColumnElement[bool] | Assignment, ...]) -> Update | Prepared:
    """UPDATE of the rows that meet the conditions among ``parts``, by the assignments among them."""
    assignments = [part for part in parts if isinstance(part, Assignment)]
    conditions = [part for part in parts if not isinstance(part, Assignment)]

    def build() -> Update:
        return _updated(model, assignments, conditions, _assigned(assignments))

    expressions: list[Any] = [each.value for each in assignments if _expression(each)]
    values = {_name(each): each.value for each in assignments if not _expression(each)}
    named = tuple((each.attribute.class_, each.attribute.key, _name(each) in values) for each in assignments)
    return _shaped(("update", model, named), build, [*conditions, *expressions], values)


def written_alteration(model: type[Model], parts: tuple[ColumnElement[bool] | Assignment, ...]) -> Update:
    """The same with the values in it, for a statement that is looked through before it is sent."""
    assignments = [part for part in parts if isinstance(part, Assignment)]
    conditions = [part for part in parts if not isinstance(part, Assignment)]
    return _updated(model, assignments, conditions, {each.attribute.key: each.value for each in assignments})


def _updated(
    model: type[Model],
    assignments: Sequence[Assignment],
    conditions: Sequence[ColumnElement[bool]],
    values: Mapping[str, Any],
) -> Update:
    if not assignments:
        raise StatementError(
            Code.STATEMENT_UNSUPPORTED, "An update changes nothing.", hint="Add set_(Task.status, ...) to it."
        )
    for assignment in assignments:
        _refuse_stranger(model, assignment.attribute.class_)
    _refuse_everything(model, conditions)
    return update(model).where(*conditions).values(values).returning(model)


def _expression(assignment: Assignment) -> bool:
    return isinstance(assignment.value, SQLCoreOperations)


def _name(assignment: Assignment) -> str:
    return f"given_{assignment.attribute.key}"


def _assigned(assignments: Sequence[Assignment]) -> dict[str, Any]:
    return {
        each.attribute.key: each.value if _expression(each) else bindparam(_name(each), type_=each.attribute.type)
        for each in assignments
    }


def removal(model: type[Model], conditions: tuple[ColumnElement[bool], ...], *, hard: bool) -> Executable | Prepared:
    """DELETE, or where the model has a ``deleted_at`` column its soft form."""
    soft = None if hard else rules_of(table_of(model)).deleted_at

    def build() -> Update | Delete:
        _refuse_everything(model, conditions)
        if soft is None:
            return delete(model).where(*conditions).returning(model)
        return update(model).where(*conditions).values({soft: func.now()}).returning(model)

    return _shaped(("delete", model, soft), build, conditions, {})


def _shaped(
    key: tuple[Any, ...], build: Callable[[], Any], expressions: Sequence[Any], values: Mapping[str, Any]
) -> Prepared | Any:
    """A statement that is built once for expressions of one shape, whose values are found in them afterwards."""
    shapes = [shape_of(expression) for expression in expressions]
    found = [shape for shape in shapes if shape is not None]
    if len(found) < len(shapes):
        return Prepared(None, build, values)
    parameters = tuple(parameter for shape in found for parameter in shape.parameters)
    return Prepared((*key, tuple(shape.key for shape in found)), build, values, parameters)


def key_of(model: type[Model]) -> Attr[Any]:
    """The column that tells the rows of one owner apart."""
    table = table_of(model)
    owner = rules_of(table).owner
    names = [column.name for column in table.primary_key]
    others = [name for name in names if name != owner] or names
    if len(others) > 1:
        raise StatementError(
            Code.STATEMENT_UNSUPPORTED,
            f"{model.__name__} has a key of several columns.",
            hint="Use first(select(...).where(...)) with all of them.",
        )
    attribute: Attr[Any] = getattr(model, others[0])
    return attribute


def values_of(row: Model) -> dict[str, Any]:
    """The values that a new row was given."""
    given = vars(row)
    return {name: given[name] for name in _names(type(row)) if name in given}


@cache
def _names(model: type[Model]) -> tuple[str, ...]:
    return tuple(table_of(model).columns.keys())


def _values(row: Model, owner: str | None, *, confined: bool) -> dict[str, Any]:
    values = values_of(row)
    column = owner_column(table_of(type(row)))
    if column is None:
        return values
    if column.key not in values:
        values[column.key] = owner_value(column, owner)
    if confined:
        refuse_other_owner(column, values.pop(column.key), owner)
    return values


def refuse_other_owner(column: Column[Any], given: Any, owner: str | None) -> None:
    """Refuses a row of another owner in a scope for one (`StatementError`, FH204)."""
    if given != owner_value(column, owner):
        raise StatementError(
            Code.OWNER_UNNAMED,
            f"A row of {column.table.name!r} belongs to another owner than the service scope was made for.",
            hint="Make a scope for that owner, or say all_users=True.",
        )


def owner_value(column: Column[Any], owner: str | None) -> Any:
    """The owner as its column has it; raises `StatementError` (FH204) where there is none."""
    if owner is None:
        raise StatementError(
            Code.OWNER_UNNAMED,
            f"A row of {column.table.name!r} has no owner.",
            hint="Insert it as its user, or with db.as_service(reason=..., owner=user_id).",
        )
    return owner_uuid(owner) if isinstance(column.type, Uuid) else owner


def _refuse_stranger(model: type[Model], other: Any) -> None:
    if other is not model:
        raise StatementError(
            Code.STATEMENT_UNSUPPORTED,
            f"A change of {model.__name__} assigns a column of {other.__name__}.",
            hint=f"Assign columns of {model.__name__}, or change {other.__name__} in a statement of its own.",
        )


def _refuse_everything(model: type[Model], conditions: Sequence[ColumnElement[bool]]) -> None:
    if not conditions:
        raise StatementError(
            Code.STATEMENT_UNSUPPORTED,
            "A change without a condition would touch every row.",
            hint="Say which rows: Task.id == id. For all of them, say so: sqlalchemy.true().",
        )
    table = table_of(model)
    for condition in conditions:
        named: list[Any] = [each for each in visitors.iterate(condition) if isinstance(each, Column)]
        if named and all(column.table is not table for column in named):
            raise StatementError(
                Code.STATEMENT_UNSUPPORTED,
                f"A condition of a change of {model.__name__} names other tables only, so every row would meet it.",
                hint=f"Tie it to the row: {model.__name__}.id.in_(select(...)).",
            )
