"""The owner filter: SQL is compiled so that every reference of an owned table carries ``owner = $n``.

The compiler is the one place every statement passes, whether it was written with the ORM or with tables, at the top
or in a subquery, a CTE or a join. The policy guards; the filter chooses the index, and routes on a distributed
database. Rows that are soft-deleted are left out in the same place.
"""

# SQLAlchemy's compiler is not typed, and extending it means overriding what it keeps to itself.
# pyright: reportPrivateUsage=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false, reportUnknownParameterType=false
# ruff: noqa: SLF001

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final, TypeVar

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    Delete,
    Executable,
    FromClause,
    Insert,
    Table,
    TableClause,
    TextClause,
    Update,
    and_,
)
from sqlalchemy.dialects.postgresql.psycopg import PGCompiler_psycopg, PGDialect_psycopg
from sqlalchemy.orm.interfaces import ORMOption
from sqlalchemy.sql.cache_key import HasCacheKey
from sqlalchemy.sql.selectable import AliasedReturnsRows, FromGrouping, Join
from sqlalchemy.types import Uuid

from freehold.errors import Code, StatementError
from freehold.models import owner_column, rules_of
from freehold.policies import Command
from freehold.scope.sharing import harmless, more_than_plain

S = TypeVar("S", bound=Executable)

OWNER_TEXT: Final = "freehold_owner_text"
OWNER_UUID: Final = "freehold_owner_uuid"
CONFINED: Final = "freehold_confined"
"""An execution option of an INSERT that gives all its rows the scope's owner itself."""


class Reach(Enum):
    """Whose rows the statements of a scope may name."""

    __hash__ = object.__hash__  # members are singletons; Enum's own is written in Python

    CALLER = auto()
    """The caller's: a filter wherever the policies give no others."""

    OWNER = auto()
    """One owner's, named by the service: a filter at every owned table."""

    POLICY = auto()
    """Whatever the policies give: somebody who is not signed in owns nothing."""

    EVERYBODY = auto()
    """All rows, because the service said so."""

    UNNAMED = auto()
    """The service has not said whose rows it means, so owned tables are refused."""

    @property
    def closed_columns(self) -> bool:
        """Whether columns that are closed to callers may be read."""
        return self in (Reach.OWNER, Reach.EVERYBODY, Reach.UNNAMED)


@dataclass(frozen=True)
class Filter:
    """What is added to the statements of a scope."""

    reach: Reach

    def condition(
        self, source: FromClause, table: Table, command: Command, *, deleted: bool
    ) -> ColumnElement[bool] | None:
        """The condition for ``source``, which is ``table`` or an alias of it; ``deleted`` lets deleted rows in."""
        rules = rules_of(table)
        conditions: list[ColumnElement[bool]] = []
        if rules.owner is not None and self._filters(table, owned=rules.owned(command)):
            column = source.c[rules.owner]
            conditions.append(column == owner_parameter(column))
        if rules.deleted_at is not None and not deleted:
            conditions.append(source.c[rules.deleted_at].is_(None))
        return and_(*conditions) if conditions else None

    def _filters(self, table: Table, *, owned: bool) -> bool:
        if self.reach is Reach.UNNAMED:
            raise StatementError(
                Code.OWNER_UNNAMED,
                f"A service statement on the owned table {table.name!r} does not say whose rows it means.",
                hint="db.as_service(reason=..., owner=user_id) for one user, or all_users=True for everybody.",
            )
        return self.reach is Reach.OWNER or (self.reach is Reach.CALLER and owned)


class FilteringCompiler(PGCompiler_psycopg):
    """SQLAlchemy's compiler for psycopg, which adds the dialect's filter to every SELECT, UPDATE and DELETE."""

    dialect: FilteringDialect
    shares: bool = True
    """Whether nothing that was compiled could leave something behind on its connection."""
    writes: bool = False
    """Whether anything that was compiled is an INSERT, UPDATE or DELETE."""

    def visit_function(self, func: Any, add_to_result_map: Any = None, **kwargs: Any) -> str:
        """A function; one that is not known to be harmless keeps the statement off shared connections."""
        self.shares = self.shares and harmless(func)
        self.writes = self.writes or getattr(func, "writes", False)
        return str(super().visit_function(func, add_to_result_map, **kwargs))

    def visit_textclause(self, textclause: Any, add_to_result_map: Any = None, **kw: Any) -> str:
        """SQL text."""
        self._take_text(textclause.text)
        return str(super().visit_textclause(textclause, add_to_result_map, **kw))  # type: ignore[no-untyped-call]

    def visit_column(self, column: Any, *args: Any, **kw: Any) -> str:
        """A column; a literal one is SQL text."""
        if column.is_literal:
            self._take_text(column.name)
        return str(super().visit_column(column, *args, **kw))

    def visit_custom_op_binary(self, element: Any, operator: Any, **kw: Any) -> str:
        """An operator given as text."""
        self._take_text(operator.opstring)
        return str(super().visit_custom_op_binary(element, operator, **kw))  # type: ignore[no-untyped-call]

    def visit_custom_op_unary_operator(self, element: Any, operator: Any, **kw: Any) -> str:
        """An operator given as text."""
        self._take_text(operator.opstring)
        return str(super().visit_custom_op_unary_operator(element, operator, **kw))  # type: ignore[no-untyped-call]

    def visit_custom_op_unary_modifier(self, element: Any, operator: Any, **kw: Any) -> str:
        """An operator given as text."""
        self._take_text(operator.opstring)
        return str(super().visit_custom_op_unary_modifier(element, operator, **kw))  # type: ignore[no-untyped-call]

    def get_statement_hint_text(self, hint_texts: Any) -> str:
        """Hints, which are SQL text."""
        for hint in hint_texts:
            self._take_text(hint)
        return str(super().get_statement_hint_text(hint_texts))  # type: ignore[no-untyped-call]

    def _take_text(self, text: str) -> None:
        """Notes that SQL text which could be anything does not share; for one owner it is refused."""
        if not more_than_plain(text):
            return
        self.shares = False
        if self.dialect.filter.reach in (Reach.OWNER, Reach.UNNAMED):
            raise StatementError(
                Code.STATEMENT_UNSUPPORTED,
                "A part of the statement is SQL text, which could name rows of any owner.",
                hint="Write it with SQLAlchemy's constructs, or say db.as_service(reason=..., all_users=True).",
            )

    def _compose_select_body(
        self,
        text: str,
        select: Any,
        compile_state: Any,
        inner_columns: Any,
        froms: list[FromClause],
        byfrom: Any,
        toplevel: bool,
        kwargs: Any,
    ) -> str:
        guarded = [self._guard(source) for source in froms]
        conditions = tuple(condition for _, each in guarded for condition in each)
        froms = [source for source, _ in guarded]
        if conditions:
            select = select._clone()
            select._where_criteria += conditions
        body = super()._compose_select_body(  # type: ignore[no-untyped-call]
            text, select, compile_state, inner_columns, froms, byfrom, toplevel, kwargs
        )
        return str(body)

    def limit_clause(self, select: Any, **kw: Any) -> str:
        """LIMIT as a number in the text: PostgreSQL plans a limit that it does not know anew at each execution."""
        limit = select._limit_clause
        if isinstance(limit, BindParameter) and isinstance(self.dialect, FilteringDialect):
            select = select._clone()
            select._limit_clause = limit.render_literal_execute()
        return str(super().limit_clause(select, **kw))  # type: ignore[no-untyped-call]

    @property
    def _deleted(self) -> bool:
        options = getattr(self.statement, "_with_options", ())
        return any(isinstance(option, _WithDeleted) for option in options)

    def visit_insert(
        self, insert_stmt: Insert, visited_bindparam: Any = None, visiting_cte: Any = None, **kw: Any
    ) -> str:
        """INSERT; for one owner, named by the service, the owner column is the filter's and nobody else's."""
        self.writes = True
        owner = self._confined(insert_stmt)
        if owner is not None:
            insert_stmt = insert_stmt.values({owner.name: owner_parameter(owner)})
        inserted = super().visit_insert(  # type: ignore[no-untyped-call]
            insert_stmt, visited_bindparam=visited_bindparam, visiting_cte=visiting_cte, **kw
        )
        return str(inserted)

    def visit_on_conflict_do_update(self, on_conflict: Any, **kw: Any) -> str:
        """The update of an upsert. For callers the policy refuses another's row; nothing else holds the service."""
        upsert: Any = self.current_executable
        owner = self._confined_owner(upsert.table)
        if owner is not None:
            on_conflict = on_conflict._clone()
            condition = owner == owner_parameter(owner)
            on_conflict.update_whereclause = and_(*_given(on_conflict.update_whereclause), condition)
        return str(super().visit_on_conflict_do_update(on_conflict, **kw))  # type: ignore[no-untyped-call]

    def visit_update(self, update_stmt: Update, visiting_cte: Any = None, **kw: Any) -> str:
        """UPDATE, with the filter for its target and for every table of its FROM."""
        return str(super().visit_update(self._narrowed(update_stmt, Command.UPDATE, kw), visiting_cte, **kw))

    def visit_delete(self, delete_stmt: Delete, visiting_cte: Any = None, **kw: Any) -> str:
        """DELETE, with the filter for its target and for every table of its USING."""
        narrowed = self._narrowed(delete_stmt, Command.DELETE, kw)
        return str(super().visit_delete(narrowed, visiting_cte, **kw))  # type: ignore[no-untyped-call]

    def _confined(self, statement: Any) -> Column[Any] | None:
        """The owner column of a statement that writes for one owner; refuses one that says whose the rows are."""
        owner = self._confined_owner(statement.table)
        if owner is None or statement.get_execution_options().get(CONFINED):
            return None
        assigned = {getattr(key, "key", key) for key in statement._values or ()}
        several = getattr(statement, "_multi_values", None) or getattr(statement, "select", None) is not None
        if owner.key in assigned or several:
            raise StatementError(
                Code.OWNER_UNNAMED,
                f"A service statement for one owner says itself whose rows of {statement.table.name!r} it writes.",
                hint="Leave the owner out: it is filled in. To move rows between owners, say all_users=True.",
            )
        return owner

    def _confined_owner(self, table: Any) -> Column[Any] | None:
        confined = self.dialect.filter.reach is Reach.OWNER and isinstance(table, Table)
        return owner_column(table) if confined else None

    def _narrowed(self, statement: Any, command: Command, kw: Any) -> Any:
        self.writes = True
        if command is Command.UPDATE:
            self._confined(statement)
        extra = statement._compile_state_factory(statement, self, **kw)._extra_froms
        conditions = [*_given(self._condition(statement.table, command))]
        for source in extra:
            conditions += self._guard(source)[1]
        return statement.where(*conditions) if conditions else statement

    def _guard(self, source: FromClause) -> tuple[FromClause, list[ColumnElement[bool]]]:
        """``source`` with conditions in its outer joins, and the conditions that belong into WHERE."""
        if isinstance(source, FromGrouping):
            inner, conditions = self._guard(source.element)
            return (FromGrouping(inner) if inner is not source.element else source), conditions
        if not isinstance(source, Join):
            return source, [*_given(self._condition(source, Command.SELECT))]
        left, outer = self._guard(source.left)
        right, inner_conditions = self._guard(source.right)
        if source.full and (outer or inner_conditions):
            raise StatementError(
                Code.JOIN_UNSUPPORTED,
                "A FULL JOIN of owned tables cannot carry the owner filter.",
                hint="Join subqueries: select(Task).subquery().join(select(Key).subquery(), ..., full=True).",
            )
        if left is source.left and right is source.right and not outer and not inner_conditions:
            return source, []
        joined = source._clone()
        joined.left, joined.right = left, right
        if source.isouter:
            joined.onclause = and_(*_given(source.onclause), *inner_conditions)
            return joined, outer
        return joined, outer + inner_conditions

    def _condition(self, source: FromClause, command: Command) -> ColumnElement[bool] | None:
        element: Any = source
        while isinstance(element, AliasedReturnsRows):
            element = element.element
        if isinstance(element, Table):
            return self.dialect.filter.condition(source, element, command, deleted=self._deleted)
        if isinstance(element, (TableClause, TextClause)) and self.dialect.filter.reach is not Reach.EVERYBODY:
            raise StatementError(
                Code.STATEMENT_UNSUPPORTED,
                "The statement names a table without its model, so it cannot carry the owner filter.",
                hint="Use the model's class, or its __table__.",
            )
        return None


class _WithDeleted(HasCacheKey, ORMOption):
    """Marks a statement that wants soft-deleted rows as well; part of its shape, so of its cache key."""

    _cache_key_traversal: Any = ()
    inherit_cache = True
    _is_has_cache_key = True


def with_deleted(statement: S) -> S:
    """The same statement, soft-deleted rows included."""
    return statement.options(_WithDeleted())


def owner_parameter(column: ColumnElement[Any]) -> BindParameter[Any]:
    """The parameter that the owner's id is given to when the statement runs."""
    name = OWNER_UUID if isinstance(column.type, Uuid) else OWNER_TEXT
    return BindParameter(name, None, column.type, required=False)


class FilteringDialect(PGDialect_psycopg):
    """A dialect whose compiler adds ``filter``; each filter has its own, so compiled forms are never mixed up."""

    statement_compiler = FilteringCompiler
    supports_statement_cache = True

    def __init__(self, filter_: Filter, **options: Any) -> None:
        super().__init__(**options)  # type: ignore[no-untyped-call]
        self.filter = filter_


def dialects() -> Iterator[tuple[Filter, FilteringDialect]]:
    """A dialect for every filter, with ``$1`` parameters as PostgreSQL itself has them."""
    for reach in Reach:
        yield Filter(reach), FilteringDialect(Filter(reach), paramstyle="numeric_dollar")


def _given(condition: ColumnElement[bool] | None) -> Iterable[ColumnElement[bool]]:
    return () if condition is None else (condition,)
