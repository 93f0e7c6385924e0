"""What SQLAlchemy keeps to itself and a planner needs, each in one place and with a type.

SQLAlchemy's own execution uses these; they are stable within a minor release, so the dependency is pinned below the
next one, and the scope tests run every one of them.
"""

# pyright: reportPrivateUsage=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
# ruff: noqa: SLF001

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, Delete, Dialect, Executable, FromClause, Insert, Select, Update, inspect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.types import TypeEngine

Processor = Callable[[Any], Any]


class Shape(NamedTuple):
    """A statement without its values: equal for statements that compile to the same text."""

    key: Any
    parameters: Sequence[BindParameter[Any]]
    generated: Any


class Expanded(NamedTuple):
    """A statement whose IN lists have been written out."""

    sql: str
    names: Sequence[str]
    values: Mapping[str, Any]
    processors: Mapping[str, Processor]


def shape_of(statement: Executable | ClauseElement) -> Shape | None:
    """The shape and the values of a statement or an expression, or None for one that cannot be cached."""
    cacheable: Any = statement
    generated = cacheable._generate_cache_key()
    return None if generated is None else Shape(generated.key, generated.bindparams, generated)


def compiled_of(statement: Any, dialect: Dialect, shape: Shape | None) -> Any:
    """The compiled form, which takes the values of any statement of the same shape."""
    return statement._compiler(dialect, cache_key=shape and shape.generated)


def names_of(compiled: SQLCompiler, parameters: Sequence[BindParameter[Any]]) -> list[str] | None:
    """The names of the parameters of expressions in the statement that was compiled with them; None for lost ones."""
    names: dict[BindParameter[Any], str] = dict(compiled.bind_names)
    keys = {parameter.key: name for parameter, name in names.items()}
    found = [names.get(parameter) or keys.get(parameter.key) for parameter in parameters]
    return None if None in found else [name for name in found if name is not None]


def parameters_of(
    compiled: SQLCompiler,
    values: Sequence[BindParameter[Any]] | None,
    given: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The value of each parameter by name, those that SQLAlchemy makes on insert included."""
    constructed = compiled.construct_params(dict(given or {}), extracted_parameters=values, escape_names=False)
    parameters: dict[str, Any] = dict(constructed)
    for column in compiled.insert_prefetch if compiled.isinsert else ():
        default: Any = column.default
        parameters[column.key] = default.arg(None)
    return parameters


def bind_processors_of(compiled: SQLCompiler) -> Mapping[str, Processor]:
    """What turns a parameter's value into the driver's, by name."""
    processors: Any = compiled._bind_processors
    return dict(processors)


def expanded_of(compiled: SQLCompiler, parameters: dict[str, Any]) -> Expanded:
    """The statement with its IN lists written out for these values."""
    state = compiled._process_parameters_for_postcompile(dict(parameters))
    values = {**parameters, **state.additional_parameters}
    processors: Any = {**compiled._bind_processors, **state.processors}
    return Expanded(state.statement, state.positiontup or (), values, processors)


def literals_of(compiled: SQLCompiler) -> Sequence[str] | None:
    """The names of the parameters that are written into the text; None where there are lists among them."""
    if compiled.post_compile_params - compiled.literal_execute_params:
        return None
    return [compiled.bind_names[parameter] for parameter in compiled.literal_execute_params]


def result_types_of(compiled: SQLCompiler) -> list[TypeEngine[Any]]:
    """The types of the result's columns, in order."""
    return [column.type for column in compiled._result_columns]


def result_processor_of(type_: TypeEngine[Any], dialect: Dialect, oid: int) -> Processor | None:
    """What turns the driver's value into the caller's, for a column that came with ``oid``."""
    processor: Processor | None = type_._cached_result_processor(dialect, oid)
    return processor


def model_of(statement: Any) -> type[Any] | None:
    """The one model that a ``select()`` is of."""
    described: list[Any] = list(statement.column_descriptions) if isinstance(statement, Select) else []
    entity: Any = described[0]["expr"] if len(described) == 1 else None
    return entity if isinstance(entity, type) and inspect(entity, raiseerr=False) is not None else None


def limited(statement: Select[Any]) -> bool:
    """Whether it has LIMIT or OFFSET."""
    return statement._limit_clause is not None or statement._offset_clause is not None


def order_of(statement: Select[Any]) -> Sequence[Any]:
    """What ORDER BY names."""
    return statement._order_by_clauses


def returning_of(statement: Insert | Update | Delete) -> list[Any]:
    """What RETURNING names: a model arrives as its table, which remembers the model; a table as its columns."""
    return [item for each in statement._returning for item in _returned(each)]


def with_returning(statement: Insert | Update | Delete, columns: Sequence[Any]) -> Any:
    """The statement with another RETURNING."""
    bare: Any = statement._generate()
    bare._returning = ()
    return bare.returning(*columns)


def with_columns(statement: Select[Any], columns: Sequence[Any]) -> Any:
    """The statement with other columns, and with its options, which SQLAlchemy sets aside with the old ones."""
    return statement.with_only_columns(*columns).options(*statement._with_options)


def _returned(element: Any) -> list[Any]:
    if not isinstance(element, FromClause):
        return [element]
    entity: Any = element._annotations.get("parententity")
    return list(element.c) if entity is None else [entity.entity]
