"""Queries compiled once: a function that builds a ``select()`` becomes one whose arguments are bind parameters."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import update_wrapper
from types import ModuleType
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVarTuple, cast, get_type_hints

from sqlalchemy import Select, bindparam
from sqlalchemy.types import TypeEngine

from freehold.errors import Code, DeclarationError, StatementError
from freehold.models import ColumnType
from freehold.scope.compiler import Filter
from freehold.scope.plan import Call, Plan, compile_plan

P = ParamSpec("P")
Ts = TypeVarTuple("Ts")

if TYPE_CHECKING:
    from sqlalchemy.sql.selectable import TypedReturnsRows

    class BoundQuery(TypedReturnsRows[*Ts]):
        """A query with its arguments, ready for a scope's verbs."""

        def planned(self, filter_: Filter, owner: str | None) -> Call: ...

else:

    class BoundQuery:
        """A query with its arguments, ready for a scope's verbs."""

        __slots__ = ("_query", "_values")

        def __init__(self, query: Query, values: dict[str, Any]) -> None:
            self._query = query
            self._values = values

        def planned(self, filter_: Filter, owner: str | None) -> Call:
            """The statement as the wire takes it."""
            return self._query.plan(filter_).call_with(self._values, owner)

        def __repr__(self) -> str:
            return f"<{self._query.__name__}(...)>"


class Query(Generic[P, *Ts]):
    """A function decorated with `query`; calling it binds its arguments."""

    __name__: str

    def __init__(self, function: Callable[P, Select[*Ts]]) -> None:
        _refuse_captured(function)
        self._function = function
        self._signature = inspect.signature(function)
        self._defaults = {
            name: parameter.default
            for name, parameter in self._signature.parameters.items()
            if parameter.default is not parameter.empty
        }
        self._names = tuple(self._signature.parameters)
        self._plans: dict[Filter, Plan] = {}
        update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> BoundQuery[*Ts]:
        """The query with these arguments; raises TypeError as the function would."""
        if not kwargs and len(args) == len(self._names):
            values = dict(zip(self._names, args, strict=True))
        else:
            values = {**self._defaults, **self._signature.bind(*args, **kwargs).arguments}
        return BoundQuery(self, values)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]

    def plan(self, filter_: Filter) -> Plan:
        """The query compiled under a filter, the first time it runs under it."""
        plan = self._plans.get(filter_)
        if plan is None:
            plan = self._plans[filter_] = compile_plan(self._statement(), filter_, None)
        return plan

    def _statement(self) -> Select[Any]:
        hints = get_type_hints(self._function)
        parameters = {name: bindparam(name, type_=self._type(name, hints.get(name))) for name in self._names}
        function = cast(Callable[..., Select[Any]], self._function)
        try:
            return function(**parameters)
        except TypeError as error:
            raise StatementError(
                Code.STATEMENT_UNSUPPORTED,
                f"The query {self.__name__} decides by the value of an argument: {error}.",
                hint="Write a function without @query, or one query for each case: it is compiled once for all values.",
            ) from error

    def _type(self, name: str, annotation: Any) -> TypeEngine[Any]:
        where = f"{self.__name__}({name})"
        annotated = ColumnType.of(annotation)
        if annotated.nullable:
            raise DeclarationError(
                Code.QUERY_SIGNATURE,
                f"{where} may be None, and no comparison with NULL is true.",
                hint="Write one query for the value and one for None.",
            )
        return annotated.sql_type(where)


def query(function: Callable[P, Select[*Ts]]) -> Query[P, *Ts]:
    """Compiles what ``function`` builds at most once, with its arguments as bind parameters.

    The arguments must be annotated with types that columns can have, and may only be used inside the statement.
    """
    return Query(function)


def _refuse_captured(function: Callable[..., Any]) -> None:
    """A variable of the function around it would keep, for everybody, the value it had at the first call."""
    captured = inspect.getclosurevars(function).nonlocals
    values = [name for name, value in captured.items() if not isinstance(value, (type, ModuleType))]
    if values:
        raise DeclarationError(
            Code.QUERY_SIGNATURE,
            f"The query {function.__name__} uses {', '.join(values)} of the function around it.",
            hint="Make it a parameter: the query is compiled once, for all callers.",
        )
