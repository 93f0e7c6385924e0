"""From a SQLAlchemy statement to what goes over the wire: pure, and compiled once per shape of statement."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple, cast
from uuid import UUID

from sqlalchemy import JSON, BindParameter, Delete, Executable, Insert, Select, Table, Update, types
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.exc import StatementError as BindError
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.selectable import CompoundSelect
from sqlalchemy.types import TypeDecorator, TypeEngine

from freehold.errors import Code, FreeholdError, IdentityError, StatementError
from freehold.models import sealed_in, unplaced
from freehold.scope.compiler import OWNER_TEXT, OWNER_UUID, Filter, FilteringCompiler, FilteringDialect, dialects
from freehold.scope.internals import (
    Processor,
    Shape,
    bind_processors_of,
    compiled_of,
    expanded_of,
    literals_of,
    names_of,
    parameters_of,
    result_processor_of,
    result_types_of,
    returning_of,
    shape_of,
    with_columns,
    with_returning,
)
from freehold.scope.shape import Columns, Opening, Part, RowMaker, parts_of, row_maker
from freehold.wire import Format, PGresult, Step, Transformer, encoded

_PLANS_KEPT: Final = 1000
_TEXTS_KEPT: Final = 64
_DIALECTS: Final[dict[Filter, FilteringDialect]] = dict(dialects())
_BINARY: Final = (
    types.String,
    types.Integer,
    types.Boolean,
    types.Uuid,
    types.DateTime,
    types.Date,
    types.Time,
    types.Numeric,
    types.LargeBinary,
    JSON,
)


class Call(NamedTuple):
    """A planned statement with the values of one call."""

    plan: Plan
    sql: bytes
    values: Sequence[Any]
    opening: Opening | None = None

    def step(self, transformer: Transformer) -> Step:
        """The statement with its values encoded; raises `StatementError` (FH210) for one that cannot be."""
        return encoded(transformer, self.sql, self.values, self.plan.row_format)

    def __repr__(self) -> str:
        return f"<Call {self.sql.decode(errors='replace')!r}>"


class Plan:
    """One shape of statement, compiled under one filter."""

    def __init__(self, compiled: FilteringCompiler, parts: tuple[Part, ...], dialect: FilteringDialect) -> None:
        self.parts = parts
        self.shares = compiled.shares
        self.reads = compiled.shares and not compiled.writes
        self.sealed = any(part.sealed for part in parts)
        self.row_format = _row_format(compiled)
        self.names: Sequence[str] = ()
        self._compiled = compiled
        self._dialect = dialect
        self._names = tuple(compiled.positiontup or ())
        self._processors = bind_processors_of(compiled)
        written = compiled.post_compile_params | compiled.literal_execute_params
        self._sql = None if written else str(compiled).encode()
        self._literals = literals_of(compiled)
        self._texts: dict[tuple[Any, ...], tuple[bytes, Sequence[str]]] = {}
        self._make: Callable[[Opening | None], RowMaker] | None = None
        self._fixed: dict[str, Any] | None = None
        self._makes_values = bool(compiled.isinsert and compiled.insert_prefetch)

    def knows(self, parameters: Sequence[BindParameter[Any]]) -> bool:
        """Whether every one of the parameters can be given another value; notes their names."""
        self.names = names_of(self._compiled, parameters) or []
        return len(self.names) == len(parameters)

    def __str__(self) -> str:
        """The SQL, without values."""
        return str(self._compiled)

    def call_with(self, named: Mapping[str, Any], owner: str | None) -> Call:
        """The statement with values for its named parameters; the others keep those it was compiled with."""
        if self._fixed is None or self._makes_values:
            parameters = parameters_of(self._compiled, None, given=named)
            self._fixed = {name: value for name, value in parameters.items() if name not in named}
        return self._call({**self._fixed, **named}, owner)

    def call(self, values: Sequence[BindParameter[Any]] | None, owner: str | None) -> Call:
        """The statement with its values, in the order of its placeholders."""
        try:
            parameters = parameters_of(self._compiled, values)
        except InvalidRequestError:
            raise StatementError(
                Code.VALUE_INVALID, "A parameter of the statement has no value.", hint="Bind every parameter."
            ) from None
        return self._call(parameters, owner)

    def _call(self, parameters: dict[str, Any], owner: str | None) -> Call:
        _fill_owner(parameters, owner)
        if self._sql is not None:
            return Call(self, self._sql, _bound(self._names, parameters, self._processors))
        if self._literals is None:
            expanded = expanded_of(self._compiled, parameters)
            return Call(self, expanded.sql.encode(), _bound(expanded.names, expanded.values, expanded.processors))
        sql, names = self._text(parameters)
        return Call(self, sql, _bound(names, parameters, self._processors))

    def _text(self, parameters: dict[str, Any]) -> tuple[bytes, Sequence[str]]:
        """The SQL with its literal numbers, made once for each, and the names of the other parameters."""
        key = tuple(parameters[name] for name in self._literals or ())
        text = self._texts.get(key)
        if text is None:
            expanded = expanded_of(self._compiled, parameters)
            if len(self._texts) >= _TEXTS_KEPT:
                self._texts.clear()
            text = self._texts[key] = (expanded.sql.encode(), tuple(expanded.names))
        return text

    def rows(self, result: PGresult, transformer: Transformer, opening: Opening | None = None) -> list[Any]:
        """The rows of a result, made into what the statement asked for; ``opening`` is for its sealed columns."""
        if not result.nfields:
            return []
        transformer.set_pgresult(result)
        if self._make is None:
            self._make = row_maker(self.parts, self._result_processors(result))
        return transformer.load_rows(0, result.ntuples, self._make(opening))

    def columns_of(self, constraint: str) -> tuple[str, ...]:
        """The columns of a constraint or unique index of the table that the statement writes."""
        table = getattr(self._compiled.statement, "table", None)
        named: tuple[Any, ...] = (*table.constraints, *table.indexes) if isinstance(table, Table) else ()
        return next((tuple(each.columns.keys()) for each in named if str(each.name) == constraint), ())

    def _result_processors(self, result: PGresult) -> list[Processor | None]:
        return [
            result_processor_of(type_, self._dialect, result.ftype(place))
            for place, type_ in enumerate(result_types_of(self._compiled))
        ]


@dataclass(frozen=True, slots=True, repr=False)
class Prepared:
    """A statement of a verb: built and compiled once for each ``key``, run with values for its parameters.

    ``parameters`` are those of the expressions in it, in an order that all statements with this key have. A key of None
    stands for a statement like no other.
    """

    key: tuple[Any, ...] | None
    build: Callable[[], Executable]
    values: Mapping[str, Any]
    parameters: Sequence[BindParameter[Any]] = ()

    def named(self, plan: Plan) -> Mapping[str, Any]:
        """All the values, by the names that the compiled statement has for them."""
        if not self.parameters:
            return self.values
        named = dict(self.values)
        for name, parameter in zip(plan.names, self.parameters, strict=True):
            if parameter.required:
                raise _unfit("A parameter of the statement has no value.")
            named[name] = parameter.effective_value
        return named


class Planner:
    """Plans statements, and remembers the plan of each shape, the least recently used forgotten first."""

    def __init__(self, kept: int = _PLANS_KEPT) -> None:
        self._kept = kept
        self._plans: OrderedDict[tuple[Any, Filter], Plan] = OrderedDict()

    def prepared(self, statement: Prepared, filter_: Filter, owner: str | None) -> Call:
        """A statement of a verb, as the wire takes it."""
        key = (statement.key, filter_)
        plan = self._plans.get(key)
        if plan is not None:
            self._plans.move_to_end(key)
            return plan.call_with(statement.named(plan), owner)
        plan = compile_plan(statement.build(), filter_, None)
        if statement.key is None or not plan.knows(statement.parameters):
            return plan.call_with(statement.values, owner)
        return self._keep(key, plan).call_with(statement.named(plan), owner)

    def _keep(self, key: tuple[Any, Filter], plan: Plan) -> Plan:
        self._plans[key] = plan
        if len(self._plans) > self._kept:
            self._plans.popitem(last=False)
        return plan

    def call(self, statement: Executable, filter_: Filter, owner: str | None) -> Call:
        """The statement as the wire takes it; raises `StatementError` for one a scope cannot run."""
        shape = shape_of(statement)
        if shape is None:
            return compile_plan(statement, filter_, None).call(None, owner)
        key = (shape.key, filter_)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._keep(key, compile_plan(statement, filter_, shape))
        else:
            self._plans.move_to_end(key)
        return plan.call(shape.parameters, owner)


def compile_plan(statement: Executable, filter_: Filter, shape: Shape | None) -> Plan:
    """The plan of a statement under a filter; with its ``shape``, for every statement of that shape."""
    dialect = _DIALECTS[filter_]
    columns = Columns()
    parts = parts_of(_items(statement), columns, everything=filter_.reach.closed_columns)
    _refuse_unplaced(statement, parts, columns)
    compiled = compiled_of(_expanded(statement, columns), dialect, shape)
    if len(result_types_of(compiled)) != len(columns.elements):
        raise StatementError(
            Code.STATEMENT_UNSUPPORTED,
            "The statement asks for the same column in two ways.",
            hint="Select each column once, or label it.",
        )
    return Plan(compiled, parts, dialect)


def _refuse_unplaced(statement: Executable, parts: Sequence[Part], columns: Columns) -> None:
    """A sealed value opens only with its row; an expression of one, or a union, does not tell it."""
    placed = {each.place for part in parts for each in part.sealed}
    if placed and isinstance(statement, CompoundSelect):
        raise unplaced(parts[0].sealed[0].column if parts[0].sealed else None)
    for place, element in enumerate(columns.elements):
        if place not in placed and (column := sealed_in(element)) is not None:
            raise unplaced(column)


def _items(statement: Executable) -> list[Any]:
    if isinstance(statement, Select):
        return [each["expr"] for each in statement.column_descriptions]
    if isinstance(statement, (Insert, Update, Delete)):
        return returning_of(statement)
    if isinstance(statement, CompoundSelect):
        return list(statement.selected_columns)
    raise StatementError(
        Code.STATEMENT_UNSUPPORTED,
        f"A scope does not run a {type(statement).__name__}.",
        hint="Use select, insert, update or delete; raw SQL runs with scope.raw(...).",
    )


def _expanded(statement: Executable, columns: Columns) -> Any:
    if isinstance(statement, Select):
        return with_columns(cast(Select[Any], statement), columns.elements)
    if isinstance(statement, (Insert, Update, Delete)) and columns.elements:
        return with_returning(statement, columns.elements)
    if isinstance(statement, Insert):
        return statement.inline()  # or SQLAlchemy would ask for the key of the new row
    return statement


def _row_format(compiled: SQLCompiler) -> Format:
    """Binary rows are cheaper to read, but psycopg knows the binary form of built-in types only."""
    known = all(isinstance(_plain(type_), _BINARY) for type_ in result_types_of(compiled))
    return Format.BINARY if known else Format.TEXT


def _plain(type_: TypeEngine[Any]) -> TypeEngine[Any]:
    return _plain(type_.impl_instance) if isinstance(type_, TypeDecorator) else type_


def _bound(names: Sequence[str], values: Mapping[str, Any], processors: Mapping[str, Processor]) -> list[Any]:
    bound: list[Any] = []
    for name in names:
        value = values[name]
        process = processors.get(name)
        if process is not None:
            value = _processed(process, value)
        if isinstance(value, str):
            if "\0" in value:
                raise _unfit("A text contains a NUL character, which PostgreSQL cannot hold.")
        elif isinstance(value, datetime) and value.tzinfo is None:
            raise _unfit("A timestamp has no time zone, so it means another moment on every machine.")
        bound.append(value)
    return bound


def _processed(process: Processor, value: Any) -> Any:
    try:
        return process(value)
    except BindError as error:
        if isinstance(error.orig, FreeholdError):
            raise error.orig from None
        raise _unfit("A value does not fit its column.") from None


def _unfit(message: str) -> StatementError:
    return StatementError(Code.VALUE_INVALID, message, hint="Pass a value of the column's type.")


def _fill_owner(parameters: dict[str, Any], owner: str | None) -> None:
    if OWNER_TEXT in parameters:
        parameters[OWNER_TEXT] = owner
    if OWNER_UUID in parameters and owner is not None:
        parameters[OWNER_UUID] = owner_uuid(owner)


@lru_cache(maxsize=4096)
def owner_uuid(owner: str) -> UUID:
    """An owner's id as a UUID; raises `IdentityError` (FH201) for one that is none."""
    try:
        return UUID(owner)
    except ValueError:
        raise IdentityError(
            Code.IDENTITY_MALFORMED,
            "The caller's id is not a UUID, and the owner column of this table is one.",
            hint="Use Col[str] for the owner if your identity provider's ids are not UUIDs.",
        ) from None
