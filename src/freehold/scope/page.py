"""Pages of rows by keyset: each begins after the last row of the one before, however many were added meanwhile.

A cursor holds the values that the rows are ordered by. It opens nothing: the next page runs as its caller like every other
statement.
"""

from __future__ import annotations

import base64
import datetime
import decimal
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar, cast
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Select, and_, or_, tuple_
from sqlalchemy.sql.elements import UnaryExpression
from sqlalchemy.sql.operators import asc_op, desc_op

from freehold.errors import Code, StatementError
from freehold.models import Model, table_of
from freehold.scope.internals import limited, model_of, order_of

T = TypeVar("T")

_READ: Final[dict[type[Any], Callable[[Any], Any]]] = {
    UUID: UUID,
    datetime.datetime: datetime.datetime.fromisoformat,
    datetime.date: datetime.date.fromisoformat,
    decimal.Decimal: decimal.Decimal,
}


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some rows, and where the next page begins; ``after`` is None on the last one."""

    rows: list[T]
    after: str | None


@dataclass(frozen=True, repr=False)
class Keyset:
    """How the rows of a statement are ordered: columns of its model, each rising or falling, that tell all rows apart."""

    statement: Select[Any]
    columns: tuple[Column[Any], ...]
    falling: tuple[bool, ...]

    @classmethod
    def of(cls, statement: Any) -> Keyset:
        """The order of a ``select()`` of a model, made total by its key; raises `StatementError` (FH212)."""
        model = _model(statement)
        table = table_of(model)
        ordered = [_direction(each) for each in order_of(statement)]
        falling = {_column(each, table.name): down for each, down in ordered}
        last = ordered[-1][1] if ordered else False
        for column in table.primary_key:
            if column not in falling:
                falling[column] = last
                element: ColumnElement[Any] = getattr(model, column.key)
                statement = statement.order_by(element.desc() if last else element)
        for column in falling:
            if column.nullable or column.table is not table:
                raise _unordered(f"{column.name} may be NULL, or is not of {table.name!r}.")
        return cls(statement, tuple(falling), tuple(falling.values()))

    def page(self, after: str | None, size: int) -> Select[Any]:
        """The statement of one page, and one row more, that tells whether there is another."""
        statement = self.statement
        if after is not None:
            statement = statement.where(self._beyond(self._read(after)))
        return statement.limit(size + 1)

    def after(self, row: Any) -> str:
        """The cursor behind ``row``."""
        model: Any = row
        values = [_written(getattr(model, column.key)) for column in self.columns]
        text = json.dumps([self._name, *values], separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @property
    def _name(self) -> str:
        """Tells cursors of one order from those of another."""
        order = ",".join(f"{column}{down:d}" for column, down in zip(self.columns, self.falling, strict=True))
        return hashlib.sha256(order.encode()).hexdigest()[:8]

    def _read(self, cursor: str) -> list[Any]:
        try:
            name, *values = json.loads(base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)))
            if name == self._name:
                return [_value(column, value) for column, value in zip(self.columns, values, strict=True)]
        except (ValueError, TypeError, UnicodeError, decimal.InvalidOperation):
            pass
        raise StatementError(
            Code.CURSOR_INVALID,
            "The cursor is not one of this statement's.",
            hint="Pass Page.after of the page before, of a statement with the same order; or None to begin anew.",
        )

    def _beyond(self, values: Sequence[Any]) -> ColumnElement[bool]:
        if len(set(self.falling)) == 1:
            left = tuple_(*self.columns)
            return left < tuple(values) if self.falling[0] else left > tuple(values)
        cases: list[ColumnElement[bool]] = []
        for place, (column, value, down) in enumerate(zip(self.columns, values, self.falling, strict=True)):
            before = [self.columns[number] == values[number] for number in range(place)]
            cases.append(and_(*before, column < value if down else column > value))
        return or_(*cases)


def _model(statement: Any) -> type[Model]:
    model = model_of(statement)
    if model is None or limited(statement):
        raise _unordered("It is no select() of a model, or it has a limit of its own.")
    return model


def _direction(element: Any) -> tuple[Any, bool]:
    modifier = element.modifier if isinstance(element, UnaryExpression) else None
    return (element.element if modifier in (asc_op, desc_op) else cast(Any, element)), modifier is desc_op


def _column(element: Any, table: str) -> Column[Any]:
    """The column of the table that an element of ORDER BY is, whatever SQLAlchemy has wrapped it in."""
    mapped = getattr(element, "property", None)
    column = mapped.columns[0] if mapped is not None else element
    owner = getattr(column, "table", None)
    found: Any = None if owner is None else getattr(owner, "c", {}).get(column.key)
    if getattr(found, "__visit_name__", None) != "column":
        raise _unordered(f"It is ordered by something that is no column of {table!r}.")
    return cast("Column[Any]", found)


def _unordered(detail: str) -> StatementError:
    return StatementError(
        Code.CURSOR_INVALID,
        "The statement cannot be read in pages.",
        detail=detail,
        hint="Page select(Task).order_by(Task.created_at.desc()): columns of the model that are never NULL.",
    )


def _written(value: Any) -> Any:
    return value if isinstance(value, (int, str, float, bool)) else str(value)


def _value(column: Column[Any], value: Any) -> Any:
    kind = column.type.python_type
    read = _READ.get(kind)
    if read is not None:
        return read(value)
    if not isinstance(value, kind):
        raise TypeError(kind)
    return value
