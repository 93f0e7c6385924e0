"""What a type checker sees of a mapped column; at run time everything here is plain SQLAlchemy.

SQLAlchemy types ``Task.title == 3`` as a valid comparison, because its operators accept anything. `Col` is a
`Mapped` whose class-level attribute is an `Attr`: invariant in its type, with operators that accept only that
type. A comparison they do not accept falls back to ``object.__eq__``, which gives ``bool``, which ``where()``
refuses: so the mistake is found in both mypy and pyright, where it was made.
"""

# pyright: reportIncompatibleMethodOverride=false, reportIncompatibleVariableOverride=false

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeVar, overload

from sqlalchemy.orm import InstrumentedAttribute, Mapped

T = TypeVar("T")

__all__ = ["Attr", "Col"]

if TYPE_CHECKING:
    from sqlalchemy import BinaryExpression, ColumnElement, Select
    from sqlalchemy.sql.elements import SQLCoreOperations

    # The overrides narrow a parameter on purpose: that is what makes a wrong comparison an error.
    class Attr(InstrumentedAttribute[T]):
        """A column of a model, ``Task.title``: comparable with its own type only."""

        def __eq__(self, other: T | SQLCoreOperations[T | None]) -> ColumnElement[bool]: ...  # type: ignore[override]
        def __ne__(self, other: T | SQLCoreOperations[T | None]) -> ColumnElement[bool]: ...  # type: ignore[override]
        def __lt__(self, other: T | SQLCoreOperations[T | None]) -> ColumnElement[bool]: ...
        def __le__(self, other: T | SQLCoreOperations[T | None]) -> ColumnElement[bool]: ...
        def __gt__(self, other: T | SQLCoreOperations[T | None]) -> ColumnElement[bool]: ...
        def __ge__(self, other: T | SQLCoreOperations[T | None]) -> ColumnElement[bool]: ...
        def __hash__(self) -> int: ...
        def in_(self, other: Iterable[T] | Select[T]) -> BinaryExpression[bool]: ...  # type: ignore[override]
        def not_in(self, other: Iterable[T] | Select[T]) -> BinaryExpression[bool]: ...  # type: ignore[override]
        def is_(self, other: T | None) -> BinaryExpression[bool]: ...
        def is_not(self, other: T | None) -> BinaryExpression[bool]: ...
        def is_distinct_from(self, other: T | SQLCoreOperations[T | None] | None) -> ColumnElement[bool]: ...
        def is_not_distinct_from(self, other: T | SQLCoreOperations[T | None] | None) -> ColumnElement[bool]: ...
        def like(self, other: str | SQLCoreOperations[str], escape: str | None = None) -> BinaryExpression[bool]: ...
        def ilike(self, other: str | SQLCoreOperations[str], escape: str | None = None) -> BinaryExpression[bool]: ...
        def not_like(
            self, other: str | SQLCoreOperations[str], escape: str | None = None
        ) -> BinaryExpression[bool]: ...
        def not_ilike(
            self, other: str | SQLCoreOperations[str], escape: str | None = None
        ) -> BinaryExpression[bool]: ...
        def startswith(
            self, other: str | SQLCoreOperations[str], escape: str | None = None, autoescape: bool = False
        ) -> ColumnElement[bool]: ...
        def endswith(
            self, other: str | SQLCoreOperations[str], escape: str | None = None, autoescape: bool = False
        ) -> ColumnElement[bool]: ...
        def between(
            self, cleft: T | SQLCoreOperations[T], cright: T | SQLCoreOperations[T], symmetric: bool = False
        ) -> BinaryExpression[bool]: ...

    class Col(Mapped[T]):
        """The annotation of a column: ``title: Col[str]``."""

        @overload
        def __get__(self, instance: None, owner: Any) -> Attr[T]: ...
        @overload
        def __get__(self, instance: object, owner: Any) -> T: ...
        def __get__(self, instance: object | None, owner: Any) -> Any: ...
        def __set__(self, instance: Any, value: T) -> None: ...  # type: ignore[override]
        def __delete__(self, instance: Any) -> None: ...

else:
    Attr = InstrumentedAttribute

    class Col(Mapped[T]):
        """The annotation of a column: ``title: Col[str]``."""
