"""One column of a model: its annotation and its declaration, read together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, get_args, get_origin, get_type_hints

from sqlalchemy import FetchedValue, Identity, literal, literal_column
from sqlalchemy.orm import Mapped, MappedColumn, mapped_column
from sqlalchemy.schema import SchemaItem
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import TypeEngine

from freehold.errors import Code, DeclarationError
from freehold.models.column import Declared
from freehold.models.document import Document
from freehold.models.identifier import text_id, uuid7
from freehold.models.policy import caller_default
from freehold.models.sealed import INDEX_SUFFIX, SealedText, content_of, place_of
from freehold.models.types import ColumnType
from freehold.policies import quote_literal

_BARE: Final = Declared()
_BARE_SEALED: Final = Declared(kind="sealed")


@dataclass(frozen=True)
class Field:
    """``name`` is both the attribute's and the column's."""

    name: str
    type: ColumnType
    sql_type: TypeEngine[Any]
    declared: Declared
    position: int

    def client_default(self) -> Callable[[], Any] | None:
        """What makes the column's value where the constructor is given none."""
        if self.declared.generated is not None:
            return None
        if self.declared.kind == "key":
            return text_id if self.type.python is str else uuid7
        return self.declared.default_factory

    def mapped(self) -> MappedColumn[Any]:
        """The column for SQLAlchemy; keys and foreign keys are constraints of the table."""
        return mapped_column(
            self.name,
            self._mapped_type(),
            *self._generated(),
            autoincrement=True if self.declared.generated == "serial" else "auto",
            default=self.client_default() if self.declared.rules.insert else None,
            nullable=self.type.nullable,
            server_default=self._server_default(),
            sort_order=self.position,
            deferred=not self.declared.rules.select,
            deferred_raiseload=not self.declared.rules.select,
        )

    def _generated(self) -> tuple[SchemaItem, ...]:
        """What makes the database write the column."""
        identity = (Identity(),) if self.declared.generated == "identity" else ()
        return identity if self.declared.computed is None else (self.declared.computed,)

    def _server_default(self) -> ColumnElement[Any] | FetchedValue | None:
        declared = self.declared
        if declared.computed is not None:
            return None
        if declared.kind == "owner":
            return caller_default(self.sql_type)
        if isinstance(self.sql_type, Document) and declared.default_factory is not None:
            return literal_column(f"{quote_literal(self.sql_type.encoded(declared.default_factory()))}::jsonb")
        if isinstance(declared.default, (str, int, float, bool)):
            return literal(declared.default, self.sql_type)
        if declared.server_default is None and declared.rules.select and not declared.rules.insert:
            return FetchedValue()
        return declared.server_default

    def _mapped_type(self) -> TypeEngine[Any]:
        """A session names every column without a value as NULL; not one whose type has a NULL of its own to say.

        So a column that is closed to INSERT stays out of it. One that callers may read has a `FetchedValue` instead,
        which also brings its value back.
        """
        rules = self.declared.rules
        return self.sql_type if rules.insert or rules.select else self.sql_type.evaluates_none()


def fields_of(cls: type[Any]) -> tuple[Field, ...]:
    """The columns a class declares, those of its mixins first; raises `DeclarationError` (FH107)."""
    try:
        hints = get_type_hints(cls, include_extras=True)
    except NameError as error:
        raise DeclarationError(
            Code.COLUMN_TYPE_UNKNOWN,
            f"{cls.__name__} has an annotation that cannot be resolved: {error.name}.",
            hint="Import the name at run time, at the level of the module, not under TYPE_CHECKING.",
        ) from None
    columns = [(name, get_args(hint)[0]) for name, hint in hints.items() if _is_column(hint)]
    fields = [_field(cls, name, annotation, place) for place, (name, annotation) in enumerate(columns)]
    return (*fields, *(_index_of(field, len(fields)) for field in fields if _indexed(field)))


def _indexed(field: Field) -> bool:
    return field.declared.kind == "sealed" and field.declared.index


def _index_of(field: Field, position: int) -> Field:
    """The column of a blind index: written with its column, and by nobody else."""
    declared = Declared(init=False, default=None, index=True, rules=field.declared.rules)
    text = ColumnType(str, nullable=True, choices=None)
    return Field(f"{field.name}{INDEX_SUFFIX}", text, text.sql_type(field.name), declared, position)


def _is_column(hint: Any) -> bool:
    origin = get_origin(hint)
    return isinstance(origin, type) and issubclass(origin, Mapped)


def _field(cls: type[Any], name: str, annotation: Any, position: int) -> Field:
    declared = getattr(cls, name, _BARE)
    if not isinstance(declared, Declared):
        raise DeclarationError(
            Code.COLUMN_TYPE_UNKNOWN,
            f"{cls.__name__}.{name} is assigned something that declares no column.",
            hint=f"Write {name}: Col[...] = column(default=...).",
        )
    _refuse_default(f"{cls.__name__}.{name}", declared.default)
    annotated = ColumnType.of(annotation)
    if declared is _BARE and content_of(annotated.python) is not None:
        declared = _BARE_SEALED
    if declared.kind == "sealed":
        table = str(getattr(cls, "__tablename__", cls.__name__))
        place = place_of(table, name, annotated.python, legacy=declared.legacy, index=declared.index)
        return Field(name, annotated, SealedText(place), declared, position)
    if declared.kind == "json":
        return Field(name, annotated, Document(annotated.annotation), declared, position)
    sql_type = declared.sql_type or annotated.sql_type(f"{cls.__name__}.{name}")
    return Field(name, annotated, sql_type, declared, position)


def _refuse_default(where: str, default: Any) -> None:
    if isinstance(default, (list, dict, set)):
        raise DeclarationError(
            Code.DEFAULT_SHARED,
            f"Every instance would share the default of {where}.",
            hint="Give default_factory=list, or a function that makes the value.",
        )
    if isinstance(default, datetime) and default.tzinfo is None:
        raise DeclarationError(
            Code.TIMESTAMP_NAIVE,
            f"The default of {where} has no time zone, so it means another moment on every machine.",
            hint="Give it one: datetime(2030, 1, 1, tzinfo=UTC).",
        )
