"""The three schemas of a model, as bases for classes and as classes.

A class statement is what type checkers understand::

    class TaskOut(SelectSchema[Task], omit={"logs"}): ...

and ``select_schema(Task, omit={"logs"})`` is the same where no name for annotations is needed.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar, cast

from pydantic import BaseModel, ConfigDict, create_model, model_validator

from freehold.errors import Code, DeclarationError
from freehold.models import Model
from freehold.policies import Command
from freehold.schemas.column import fields_for
from freehold.scope import Assignment

M = TypeVar("M", bound=Model)
if TYPE_CHECKING:
    _Fielded = BaseModel

else:

    class _Deriving(type(BaseModel)):
        """Gives a class whose base names a model the fields of its columns."""

        def __new__(
            mcs,
            name: str,
            bases: tuple[type, ...],
            namespace: dict[str, Any],
            *,
            omit: Collection[str] = (),
            only: Collection[str] | None = None,
            fielded: bool = False,
            **options: Any,
        ) -> Any:
            sources = [each for each in bases if "__source__" in vars(each)]
            if sources and not fielded:
                fields = _chosen(name, sources[0], frozenset(omit), None if only is None else frozenset(only))
                (source,) = sources
                base = create_model(
                    name,
                    __base__=cast(type[BaseModel], source),
                    __module__=namespace.get("__module__", __name__),
                    __cls_kwargs__={"fielded": True},
                    **fields,
                )
                bases = tuple(base if each is source else each for each in bases)
            elif omit or only is not None:
                raise _unknown(
                    name, "takes columns away, and its base has them already", "Say omit= where the model is named."
                )
            return super().__new__(mcs, name, bases, namespace, **options)

    class _Fielded(BaseModel, metaclass=_Deriving):
        """A base of such classes."""


def _chosen(name: str, source: Any, omit: frozenset[str], only: frozenset[str] | None) -> dict[str, Any]:
    model: type[Model] = source.__source__
    known = frozenset(each.name for each in model.__fields__)
    strangers = (omit | (only or frozenset())) - known
    if strangers:
        raise _unknown(name, f"names columns that {model.__name__} does not have: {', '.join(sorted(strangers))}", "")
    fields = fields_for(model, source.__command__)
    closed = (only or frozenset()) - fields.keys()
    if closed:
        raise _unknown(name, f"asks for columns that callers may not have: {', '.join(sorted(closed))}", "")
    return {each: field for each, field in fields.items() if each not in omit and (only is None or each in only)}


def _unknown(name: str, fault: str, hint: str) -> DeclarationError:
    return DeclarationError(
        Code.SCHEMA_COLUMN,
        f"The schema {name} {fault}.",
        hint=hint or "Name columns of the model, and leave those out that are closed to callers.",
    )


class _Schema(_Fielded, Generic[M]):
    """What the three have in common: which model, and which command."""

    __command__: ClassVar[Command]

    if TYPE_CHECKING:

        def __init_subclass__(
            cls, *, omit: Collection[str] = (), only: Collection[str] | None = None, **options: Any
        ) -> None: ...
        def __init__(self, **values: Any) -> None: ...
        def __getattr__(self, name: str) -> Any: ...

    else:

        def __class_getitem__(cls, model: Any) -> Any:
            if isinstance(model, type) and issubclass(model, Model):
                return _sourced(cls, model)
            return super().__class_getitem__(model)


@cache
def _sourced(cls: Any, model: type[Model]) -> Any:
    """``SelectSchema[Task]``: a base without fields that knows its model."""
    sourced: Any = create_model(f"{cls.__name__}[{model.__name__}]", __base__=cls, __module__=cls.__module__)
    sourced.__source__ = model
    return sourced


class SelectSchema(_Schema[M]):
    """What a caller may see of a row. Sealed columns, and those closed to SELECT, are not in it."""

    __command__: ClassVar[Command] = Command.SELECT
    model_config = ConfigDict(from_attributes=True)

    @classmethod
    def of(cls, row: M) -> Self:
        """The schema of one row."""
        return cls.all_of((row,))[0]

    @classmethod
    def all_of(cls, rows: Collection[M]) -> list[Self]:
        """The schemas of several rows."""
        validate, read = cls.__pydantic_validator__.validate_python, _read_from_state(cls)
        if read is None:
            return [validate(row) for row in rows]
        return [validate(state if read <= (state := vars(row)).keys() else row) for row in rows]


class InsertSchema(_Schema[M]):
    """What a caller may say of a new row; columns with a default may be left out. Unknown fields are refused."""

    __command__: ClassVar[Command] = Command.INSERT
    model_config = ConfigDict(extra="forbid")

    def row(self, **more: Any) -> M:
        """A new row with these values; ``more`` are columns that the caller has no say in."""
        model: Any = _model_of(type(self))
        known = {name: getattr(self, name) for name in _columns(type(self))}
        return cast(M, model(**known, **more))


class UpdateSchema(_Schema[M]):
    """What a caller may change of a row: a field that is absent stays as it is, and null is a value.

    At least one field must be there. Unknown fields are refused.
    """

    __command__: ClassVar[Command] = Command.UPDATE
    model_config = ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1})

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("Change at least one field.")
        return self

    def assignments(self) -> list[Assignment]:
        """The changes, for ``scope.update(Task, Task.id == id, *input.assignments())``."""
        model = _model_of(type(self))
        names = [name for name in _columns(type(self)) if name in self.model_fields_set]
        return [Assignment(getattr(model, name), getattr(self, name)) for name in names]


@cache
def _read_from_state(schema: type[BaseModel]) -> frozenset[str] | None:
    """The fields that a row must have in its dictionary to be read from it; None where only its attributes will do.

    Reading attributes costs more than validating what they give.
    """
    whole = any(each.info.mode != "after" for each in schema.__pydantic_decorators__.model_validators.values())
    renamed = any(each.validation_alias is not None for each in schema.model_fields.values())
    if whole or renamed or schema.model_config.get("extra", "ignore") != "ignore":
        return None
    model = _model_of(schema)
    return frozenset(name for name in schema.model_fields if hasattr(model, name))


def _model_of(schema: type[BaseModel]) -> type[Model]:
    return cast(type[Model], next(vars(each)["__source__"] for each in schema.__mro__ if "__source__" in vars(each)))


def _columns(schema: type[BaseModel]) -> list[str]:
    """The fields of a schema that are columns of its model: a subclass may have added others."""
    known = {each.name for each in _model_of(schema).__fields__}
    return [name for name in schema.model_fields if name in known]


def select_schema(
    model: type[Model], *, omit: Collection[str] = (), only: Collection[str] | None = None, name: str | None = None
) -> type[BaseModel]:
    """The Pydantic model of what a caller may see of ``model``; equal arguments give the same class.

    Raises `DeclarationError` (FH610) for columns that the model does not have.
    """
    return _derived(SelectSchema, model, frozenset(omit), None if only is None else frozenset(only), name)


def insert_schema(
    model: type[Model], *, omit: Collection[str] = (), only: Collection[str] | None = None, name: str | None = None
) -> type[BaseModel]:
    """The Pydantic model of what a caller may say of a new row; otherwise as `select_schema`."""
    return _derived(InsertSchema, model, frozenset(omit), None if only is None else frozenset(only), name)


def update_schema(
    model: type[Model], *, omit: Collection[str] = (), only: Collection[str] | None = None, name: str | None = None
) -> type[BaseModel]:
    """The Pydantic model of what a caller may change of a row; otherwise as `select_schema`."""
    return _derived(UpdateSchema, model, frozenset(omit), None if only is None else frozenset(only), name)


@cache
def _derived(
    kind: Any, model: type[Model], omit: frozenset[str], only: frozenset[str] | None, name: str | None
) -> type[BaseModel]:
    title = name or f"{model.__name__}{kind.__command__.value.title()}"
    namespace = {"__module__": model.__module__, "__qualname__": title}
    made: Any = type(kind)(title, (kind[model],), namespace, omit=omit, only=only)
    return cast(type[BaseModel], made)
