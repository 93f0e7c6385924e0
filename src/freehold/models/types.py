"""From the annotation of a column to its SQL type."""

from __future__ import annotations

import datetime
import decimal
import types
import uuid
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from sqlalchemy import BigInteger, Boolean, Date, DateTime, Double, LargeBinary, Numeric, Text, Uuid
from sqlalchemy.types import TypeEngine

from freehold.errors import Code, DeclarationError

_PLAIN: Final[dict[type[Any], TypeEngine[Any]]] = {
    str: Text(),
    bool: Boolean(),
    int: BigInteger(),
    float: Double(),
    bytes: LargeBinary(),
    uuid.UUID: Uuid(),
    datetime.datetime: DateTime(timezone=True),
    datetime.date: Date(),
    decimal.Decimal: Numeric(),
}


@dataclass(frozen=True)
class ColumnType:
    """What an annotation asks for: ``choices`` are the values of a Literal, which become a CHECK.

    ``constraints``: what ``Annotated`` adds for Pydantic; the lengths of a text become a CHECK too.
    """

    python: Any
    nullable: bool
    choices: tuple[str | int, ...] | None
    constraints: tuple[Any, ...] = ()

    @property
    def annotation(self) -> Any:
        """The type with its constraints, without None."""
        python = Literal[self.choices] if self.choices is not None else self.python
        return Annotated[(python, *self.constraints)] if self.constraints else python

    def length(self, bound: Literal["min_length", "max_length"]) -> int | None:
        """The shortest or longest text that fits."""
        stated = [each for one in self.constraints for each in (one, *getattr(one, "metadata", ()))]
        lengths = [getattr(each, bound, None) for each in stated] if self.python is str else []
        return next((each for each in lengths if isinstance(each, int)), None)

    @classmethod
    def of(cls, annotation: Any) -> ColumnType:
        """Takes ``T``, ``T | None``, ``Literal[...]`` and ``Annotated[...]`` apart."""
        members, nullable = [annotation], False
        if get_origin(annotation) in (Union, types.UnionType):
            members = [member for member in get_args(annotation) if member is not types.NoneType]
            nullable = len(members) < len(get_args(annotation))
        if len(members) != 1:
            return cls(annotation, nullable, None)
        if get_origin(members[0]) is Annotated:
            python, *constraints = get_args(members[0])
            inner = cls.of(python)
            return replace(inner, nullable=inner.nullable or nullable, constraints=tuple(constraints))
        if get_origin(members[0]) is Literal:
            choices = get_args(members[0])
            return cls(type(choices[0]), nullable, choices)
        return cls(members[0], nullable, None)

    def sql_type(self, where: str) -> TypeEngine[Any]:
        """The SQL type; raises `DeclarationError` (FH107) for a Python type that has none."""
        if self.choices is not None and len({type(choice) for choice in self.choices}) > 1:
            raise DeclarationError(
                Code.COLUMN_TYPE_UNKNOWN,
                f"The choices of {where} are of several types.",
                hint="Give the Literal strings only, or numbers only.",
            )
        try:
            return _PLAIN[self.python]
        except (KeyError, TypeError):
            known = ", ".join(python.__name__ for python in _PLAIN)
            raise DeclarationError(
                Code.COLUMN_TYPE_UNKNOWN,
                f"{where} has a type that no column can have: {self.python}.",
                hint=f"Use one of {known}, a Literal, or json() for a Pydantic type.",
            ) from None
