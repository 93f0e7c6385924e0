"""From a SQLAlchemy statement to what goes over the wire: pure, and compiled once per shape of statement."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar, cast
from uuid import UUID

from sqlalchemy import JSON, BindParameter, Delete, Executable, FromClause, Insert, Select, Update, types
from sqlalchemy.exc import InvalidRequestError, StatementError as BindError
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.selectable import CompoundSelect
from sqlalchemy.types import TypeDecorator, TypeEngine

from freehold.errors import Code, IdentityError, StatementError
from freehold.scope.compiler import OWNER_TEXT, OWNER_UUID, Filter, FilteringDialect, dialects
from freehold.scope.shape import Columns, Part, RowMaker, parts_of, row_maker
from freehold.wire import Format, PGresult

S = TypeVar("S", bound=Executable)

_PLANS_KEPT: Final = 1000
_DELETED: Final = "freehold_deleted"
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


def with_deleted(statement: S) -> S:
    """The same statement, soft-deleted rows included."""
    return cast(S, statement.execution_options(**{_DELETED: True}))


@dataclass(frozen=True, slots=True, repr=False)
class Call:
    """A planned statement with the values of one call."""

    plan: Plan
    sql: bytes
    values: Sequence[Any]


class Plan:
    """One shape of statement, compiled under one filter."""

    def __init__(self, compiled: SQLCompiler, parts: tuple[Part, ...], dialect: FilteringDialect) -> None:
        self.parts = parts
        self.row_format = _row_format(compiled)
        self._compiled = compiled
        self._dialect = dialect
        self._names = tuple(compiled.positiontup or ())
        self._processors = compiled._bind_processors  # noqa: SLF001 - what SQLAlchemy's own execution uses
        self._prefetched = tuple(compiled.insert_prefetch if compiled.isinsert else ())
        self._sql = None if compiled.post_compile_params else str(compiled).encode()
        self._make: RowMaker | None = None

    def call(self, extracted: Sequence[BindParameter[Any]] | None, owner: str | None) -> Call:
        """The statement with its values, in the order of its placeholders."""
        try:
            values = self._compiled.construct_params(extracted_parameters=extracted, escape_names=False)
        except InvalidRequestError as error:
            raise StatementError(
                Code.VALUE_INVALID, "A parameter of the statement has no value.", hint="Bind every parameter."
            ) from error
        for column in self._prefetched:
            values[column.key] = column.default.arg(None)  # type: ignore[union-attr]
        _fill_owner(values, owner)
        if self._sql is not None:
            return Call(self, self._sql, self._bound(self._names, values, self._processors))
        expanded = self._compiled._process_parameters_for_postcompile(dict(values))  # noqa: SLF001 - IN lists
        values.update(expanded.additional_parameters)
        processors = {**self._processors, **expanded.processors}
        return Call(self, expanded.statement.encode(), self._bound(expanded.positiontup or (), values, processors))

    def rows(self, result: PGresult, transformer: Any) -> list[Any]:
        """The rows of a result, made into what the statement asked for."""
        if not result.nfields:
            return []
        transformer.set_pgresult(result)
        if self._make is None:
            self._make = self._row_maker(result)
        return cast(list[Any], transformer.load_rows(0, result.ntuples, self._make))

    def _row_maker(self, result: PGresult) -> RowMaker:
        columns = self._compiled._result_columns  # noqa: SLF001 - the columns as compiled, in order
        processors = [
            column.type._cached_result_processor(self._dialect, result.ftype(place))  # noqa: SLF001
            for place, column in enumerate(columns)
        ]
        return row_maker(self.parts, processors)

    @staticmethod
    def _bound(names: Sequence[str], values: Any, processors: Any) -> list[Any]:
        try:
            return [processors[name](values[name]) if name in processors else values[name] for name in names]
        except BindError as error:
            raise StatementError(
                Code.VALUE_INVALID, "A value does not fit its column.", hint="Pass a value of the column's type."
            ) from error.orig


class Planner:
    """Plans statements, and remembers the plan of each shape, the least recently used forgotten first."""

    def __init__(self, kept: int = _PLANS_KEPT) -> None:
        self._kept = kept
        self._plans: OrderedDict[Any, Plan] = OrderedDict()

    def call(self, statement: Executable, filter_: Filter, owner: str | None) -> Call:
        """The statement as the wire takes it; raises `StatementError` for one a scope cannot run."""
        if statement.get_execution_options().get(_DELETED):
            filter_ = replace(filter_, deleted=True)
        generated = statement._generate_cache_key()  # type: ignore[attr-defined]  # noqa: SLF001
        if generated is None:
            return _compile(statement, filter_, None).call(None, owner)
        key = (generated.key, filter_)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = _compile(statement, filter_, generated)
            if len(self._plans) > self._kept:
                self._plans.popitem(last=False)
        else:
            self._plans.move_to_end(key)
        return plan.call(generated.bindparams, owner)


def _compile(statement: Executable, filter_: Filter, cache_key: Any) -> Plan:
    dialect = _DIALECTS[filter_]
    columns = Columns()
    parts = parts_of(_items(statement), columns, everything=filter_.reach.closed_columns)
    expanded: Any = _expanded(statement, columns)
    compiled = expanded._compiler(dialect, cache_key=cache_key)  # noqa: SLF001 - as Executable._compile_w_cache
    if len(compiled._result_columns) != len(columns.elements):  # noqa: SLF001
        raise StatementError(
            Code.STATEMENT_UNSUPPORTED,
            "The statement asks for the same column in two ways.",
            hint="Select each column once, or label it.",
        )
    return Plan(compiled, parts, dialect)


def _items(statement: Executable) -> list[Any]:
    if isinstance(statement, Select):
        return [each["expr"] for each in statement.column_descriptions]
    if isinstance(statement, (Insert, Update, Delete)):
        return [item for each in statement._returning for item in _returned(each)]  # noqa: SLF001
    if isinstance(statement, CompoundSelect):
        return list(statement.selected_columns)
    raise StatementError(
        Code.STATEMENT_UNSUPPORTED,
        f"A scope does not run a {type(statement).__name__}.",
        hint="Use select, insert, update or delete; raw SQL runs in scope.transaction() with tx.raw(...).",
    )


def _returned(element: Any) -> Sequence[Any]:
    """RETURNING of a model arrives as its table, which remembers the model; RETURNING of a table as its columns."""
    if isinstance(element, FromClause):
        entity = element._annotations.get("parententity")  # noqa: SLF001
        return list(element.c) if entity is None else [entity.entity]
    return [element]


def _expanded(statement: Any, columns: Columns) -> Any:
    if isinstance(statement, Select):
        return statement.with_only_columns(*columns.elements)
    if isinstance(statement, (Insert, Update, Delete)) and columns.elements:
        bare: Any = statement._generate()  # type: ignore[union-attr]  # noqa: SLF001
        bare._returning = ()  # noqa: SLF001
        return bare.returning(*columns.elements)
    return statement


def _row_format(compiled: SQLCompiler) -> Format:
    """Binary rows are cheaper to read, but psycopg knows the binary form of built-in types only."""
    known = all(isinstance(_plain(column.type), _BINARY) for column in compiled._result_columns)  # noqa: SLF001
    return Format.BINARY if known else Format.TEXT


def _plain(type_: TypeEngine[Any]) -> TypeEngine[Any]:
    return _plain(type_.impl_instance) if isinstance(type_, TypeDecorator) else type_


def _fill_owner(values: Any, owner: str | None) -> None:
    if OWNER_TEXT in values:
        values[OWNER_TEXT] = owner
    if OWNER_UUID in values and owner is not None:
        try:
            values[OWNER_UUID] = UUID(owner)
        except ValueError:
            raise IdentityError(
                Code.IDENTITY_MALFORMED,
                "The caller's id is not a UUID, and the owner column of this table is one.",
                hint="Use Col[str] for the owner if your identity provider's ids are not UUIDs.",
            ) from None
