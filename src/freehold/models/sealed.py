"""Sealed columns: text in the database, `Sealed` in the program, and never anything between."""

from __future__ import annotations

from typing import Any, Final, cast, get_args, get_origin

from sqlalchemy import Dialect, Table, Text
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import Null
from sqlalchemy.types import TypeDecorator

from freehold.encryption import Codec, Place, Sealed, Stored, loaded
from freehold.errors import Code, DeclarationError, StatementError

INDEX_SUFFIX: Final = "_index"
_ABSENT: Final = (operators.is_, operators.is_not, operators.eq, operators.ne)


class SealedText(TypeDecorator[Any]):
    """The type of a ``sealed()`` column."""

    impl = Text
    cache_ok = True

    def __init__(self, place: Place | None = None) -> None:
        super().__init__()
        self.place = place

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """The ciphertext; raises `StatementError` for a plain value (FH503), and for one not sealed yet (FH506)."""
        if value is None:
            return None
        if not isinstance(value, Sealed):
            raise plain(self.place)
        if not isinstance(value, Stored) or value.place != self.place or value.owner is None:
            raise unplaced(self.place)
        return value.text

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """A value whose row is not known yet: a scope, or the loading of a model, says which it is."""
        if value is None or self.place is None:
            return value
        return loaded(value, None, None, self.place, None)

    class Comparator(TypeDecorator.Comparator[Any]):
        """Nothing but NULL compares with ciphertext."""

        def operate(self, op: Any, *other: Any, **kwargs: Any) -> Any:
            """IS NULL and IS NOT NULL; raises `StatementError` (FH507) for everything else."""
            # SQLAlchemy itself compares a column with itself, when it looks one up.
            if op in _ABSENT and len(other) == 1 and (_null(other[0]) or sealed_in(other[0]) is sealed_in(self)):
                return super().operate(op, *other, **kwargs)
            raise _compared(self.type)

        def reverse_operate(self, op: Any, other: Any, **kwargs: Any) -> Any:
            """Raises `StatementError` (FH507)."""
            raise _compared(self.type)

    comparator_factory = Comparator  # pyright: ignore[reportAssignmentType]


def _null(value: Any) -> bool:
    return value is None or isinstance(value, Null)


def content_of(annotation: Any) -> Any | None:
    """What ``Sealed[T]`` seals; None for another annotation."""
    if get_origin(annotation) is not Sealed:
        return None
    return get_args(annotation)[0]


def place_of(table: str, column: str, annotation: Any, *, legacy: bool, index: bool) -> Place:
    """Where a sealed column stands; raises `DeclarationError` (FH509) for an annotation that seals nothing."""
    content = content_of(annotation)
    if content is None:
        raise DeclarationError(
            Code.SEALED_UNDECLARABLE,
            f"{table}.{column} is sealed(), and its annotation is not Sealed[...].",
            hint=f"Write {column}: Col[Sealed[str]] = sealed(); Sealed takes str, bytes, or a type for JSON.",
        )
    return Place(table, column, Codec(content), legacy, index)


def places_of(table: Any) -> tuple[Place, ...]:
    """The sealed columns of a table."""
    if not isinstance(table, Table):
        return ()
    found: tuple[Place, ...] | None = table.info.get("freehold sealed")
    if found is None:
        found = tuple(place for each in cast(Table, table).columns if (place := sealed_in(each)) is not None)
        table.info["freehold sealed"] = found
    return found


def sealed_in(element: Any) -> Place | None:
    """The sealed column whose values an element of a statement gives."""
    type_ = getattr(element, "type", None)
    return type_.place if isinstance(type_, SealedText) else None


def plain(place: Place | None) -> StatementError:
    """The error for a value that was not wrapped in `Sealed`."""
    return StatementError(
        Code.SEALED_PLAIN,
        f"A plain value was given for the sealed column {_named(place)}.",
        hint="Wrap it: Sealed(value).",
    )


def unplaced(place: Place | None) -> StatementError:
    """The error for a value whose row a statement does not tell."""
    return StatementError(
        Code.SEALED_UNPLACED,
        f"A value of the sealed column {_named(place)} is used where its row is not known.",
        detail="A value is sealed for one table, column, owner and row, and opens nowhere else.",
        hint="Insert models or rows with their keys; change rows with scope.update(...), or by their key; "
        "read the column from its own table.",
    )


def _compared(type_: Any) -> StatementError:
    return StatementError(
        Code.SEALED_COMPARED,
        f"The sealed column {_named(type_.place)} is compared or computed with.",
        detail="The same value is another ciphertext each time, so no comparison says anything.",
        hint="Declare it sealed(index=True) and use scope.matching(...), or compare in Python after reveal().",
    )


def _named(place: Place | None) -> str:
    return "" if place is None else f"{place.table}.{place.column}"
