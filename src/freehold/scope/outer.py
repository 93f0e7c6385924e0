"""What a type checker is told of rows: the outer side of a LEFT JOIN may be missing; a row of several columns is a tuple.

At run time both functions give back what they were given.
"""

from __future__ import annotations

from typing import Any, TypeVar, TypeVarTuple, overload

from sqlalchemy.sql.elements import SQLCoreOperations
from sqlalchemy.sql.selectable import TypedReturnsRows

from freehold.models import Model
from freehold.typing import Attr

M = TypeVar("M", bound=Model)
T = TypeVar("T")
T1 = TypeVar("T1")
T2 = TypeVar("T2")
Ts = TypeVarTuple("Ts")


@overload
def outer(element: type[M], /) -> SQLCoreOperations[M | None]: ...
@overload
def outer(element: Attr[T], /) -> SQLCoreOperations[T | None]: ...
def outer(element: Any, /) -> Any:
    """The same model or column, typed as one that may be missing.

    ``select(Task, outer(Message)).outerjoin(Message, ...)`` gives ``tuple[Task, Message | None]``.
    """
    return element


@overload
def tuples(statement: TypedReturnsRows[T], /) -> TypedReturnsRows[T]: ...
@overload
def tuples(statement: TypedReturnsRows[T1, T2, *Ts], /) -> TypedReturnsRows[tuple[T1, T2, *Ts]]: ...
def tuples(statement: Any, /) -> Any:
    """The same statement, typed as one whose rows are tuples.

    For `batch`, whose types have room for one thing a row: ``batch(select(Task), tuples(select(Key.id, Key.provider)))``.
    """
    return statement
