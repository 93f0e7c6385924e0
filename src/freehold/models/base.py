"""The base class of models: a class that declares columns becomes a table with an owner, policies and keys."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, dataclass_transform, get_type_hints

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

from freehold.errors import Code, DeclarationError
from freehold.models.blueprint import Blueprint
from freehold.models.column import (
    belongs_to,
    column,
    created_at,
    deleted_at,
    json,
    owner,
    primary_key,
    sealed,
    updated_at,
)
from freehold.models.construct import Construction
from freehold.models.field import Field, fields_of
from freehold.models.function import Declaration
from freehold.models.keytable import furnish
from freehold.models.policy import Policy
from freehold.models.protection import protection_of
from freehold.models.rules import schema, table_of
from freehold.models.state import LazyState
from freehold.policies import Access

if TYPE_CHECKING:

    @dataclass_transform(
        kw_only_default=True,
        field_specifiers=(column, primary_key, owner, belongs_to, json, sealed, created_at, updated_at, deleted_at),
    )
    class _Typed: ...

else:

    class _Typed:
        pass


class Model(_Typed, DeclarativeBase):
    """A table and its rows.

    A subclass sets ``__tablename__``, annotates its columns with `Col`, and says who may use it: an `owner` column,
    ``__access__`` or ``__policies__``. Raises `DeclarationError` where the class is defined if it does not, or
    if what it says cannot be enforced. The constructor takes the columns by name.
    """

    metadata: ClassVar[MetaData] = schema()
    _sa_instance_state: ClassVar[Any] = LazyState()
    __access__: ClassVar[Access | None] = None
    __policies__: ClassVar[tuple[Policy, ...]] = ()
    __functions__: ClassVar[tuple[Declaration, ...]] = ()
    __renamed_from__: ClassVar[str | None] = None
    __fields__: ClassVar[tuple[Field, ...]] = ()
    __construction__: ClassVar[Construction]

    def __init_subclass__(cls, **options: Any) -> None:
        if not cls.__dict__.get("__abstract__"):
            _declare(cls)
        super().__init_subclass__(**options)
        if not cls.__dict__.get("__abstract__"):
            _protect(cls)
            if getattr(cls.__init__, "_sa_original_init", None) is Model.__init__:
                type.__setattr__(cls, "__init__", Model.__init__)

    if not TYPE_CHECKING:

        def __init__(self, **values: Any) -> None:
            type(self).__construction__.fill(self, values)

    def __repr__(self) -> str:
        """The key only: other columns may be secrets."""
        key = (column.name for column in table_of(type(self)).primary_key)
        return f"<{type(self).__name__} {' '.join(f'{name}={self.__dict__.get(name)!r}' for name in key)}>"


# `fields_of` asks for the annotations of every class above a model too: as text they would be compiled for each again.
Model.__annotations__ = get_type_hints(Model, include_extras=True)


def _declare(cls: type[Model]) -> None:
    fields = fields_of(cls)
    functions = tuple(partial(declared, cls) for declared in cls.__functions__)
    blueprint = Blueprint(
        _table_name(cls),
        fields,
        cls.__access__,
        tuple(cls.__policies__),
        functions,
        renamed_from=cls.__dict__.get("__renamed_from__"),
    )
    rules = blueprint.rules()
    for field in fields:
        setattr(cls, field.name, field.mapped())
    cls.__fields__ = fields
    cls.__construction__ = Construction(fields)
    cls.__table_args__ = (*blueprint.items(), *_table_args(cls, rules.info()))
    if any(field.declared.kind == "sealed" for field in fields):
        furnish(cls.metadata)


def _protect(cls: type[Model]) -> None:
    """Refuses policies that cannot be; nothing of a refused model stays behind."""
    try:
        protection_of(table_of(cls))
    except DeclarationError:
        cls.metadata.remove(table_of(cls))
        raise


def _table_name(cls: type[Model]) -> str:
    name = getattr(cls, "__tablename__", None)
    if not isinstance(name, str):
        raise DeclarationError(
            Code.TABLE_UNNAMED,
            f"The model {cls.__name__} does not name its table.",
            hint=f'Add __tablename__ = "{cls.__name__.lower()}s", or __abstract__ = True for a base of other models.',
        )
    return name


def _table_args(cls: type[Model], info: dict[str, Any]) -> tuple[Any, ...]:
    """What the class says about its table itself, with freehold's part in ``info``."""
    declared: Any = cls.__dict__.get("__table_args__", ())
    if isinstance(declared, dict):
        declared = (declared,)
    options: dict[str, Any] = declared[-1] if declared and isinstance(declared[-1], dict) else {}
    items = declared[:-1] if options else declared
    return (*items, {**options, "info": {**options.get("info", {}), **info}})
