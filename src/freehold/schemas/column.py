"""One column of a model as a field of a Pydantic model: what it may hold when it is read, inserted or changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Final, get_args, get_origin

from pydantic import AwareDatetime, Field
from pydantic.fields import FieldInfo

from freehold.models import Model
from freehold.models.column import REQUIRED
from freehold.models.field import Field as ColumnField
from freehold.policies import Command

_LARGEST: Final = 2**63 - 1  # bigint
_MADE: Final = frozenset({"key", "owner", "deleted"})
_ABSENT: Final = "Absent: the column stays as it is."


def fields_for(model: type[Model], command: Command) -> dict[str, tuple[Any, FieldInfo]]:
    """The fields of the columns that a caller may name in ``command``, in the model's order."""
    made = {Command.SELECT: _selected, Command.INSERT: _inserted, Command.UPDATE: _updated}[command]
    fields = {each.name: made(each) for each in model.__fields__ if each.declared.rules.allows(command)}
    return {name: field for name, field in fields.items() if field is not None}


def _selected(field: ColumnField) -> tuple[Any, FieldInfo] | None:
    # Without lengths: a row that is older than they are is still there to be read.
    return None if _sealed(field) else (_nullable(field, replace(field.type, constraints=()).annotation), _field())


def _inserted(field: ColumnField) -> tuple[Any, FieldInfo] | None:
    declared = field.declared
    if declared.kind in _MADE or not declared.init or _sealed(field):
        return None
    annotation = _bounded(field)
    if declared.default_factory is not None:
        return annotation, _field(default_factory=declared.default_factory)
    return annotation, _field() if declared.default is REQUIRED else _field(default=declared.default)


def _updated(field: ColumnField) -> tuple[Any, FieldInfo] | None:
    if field.declared.kind in _MADE or _sealed(field):
        return None
    return _bounded(field), _field(default=None, json_schema_extra=_without_default)


def _field(**options: Any) -> FieldInfo:
    field: FieldInfo = Field(**options)
    return field


def _without_default(schema: dict[str, Any]) -> None:
    """The default of an update is to leave the column alone; no JSON value says so."""
    schema.pop("default", None)


def _annotation(field: ColumnField) -> Any:
    return _nullable(field, field.type.annotation)


def _bounded(field: ColumnField) -> Any:
    """What the database will take: its integers have an end, and its moments a time zone."""
    kind = field.type
    plain = field.declared.kind != "json" and kind.choices is None
    if plain and kind.python is int:
        return _nullable(field, Annotated[kind.annotation, Field(ge=-_LARGEST - 1, le=_LARGEST)])
    if plain and kind.python is datetime:
        return _nullable(field, AwareDatetime)
    return _annotation(field)


def _nullable(field: ColumnField, annotation: Any) -> Any:
    return annotation | None if field.type.nullable else annotation


def _sealed(field: ColumnField) -> bool:
    """Whether the column is encrypted: its value is opened by name, and never becomes JSON."""
    return any(_name(each) == "Sealed" for each in (field.type.python, *get_args(field.type.python)))


def _name(annotation: Any) -> str:
    return getattr(get_origin(annotation) or annotation, "__name__", "")
