"""Whatever the statement, PostgreSQL's own parser finds the owner's condition at every reference of an owned table.

The oracle knows nothing of the compiler: it reads the SQL that would be sent with PostgreSQL's grammar (pglast), and
looks for ``alias.user_id = $n``, with the caller bound to ``$n``, where it really restricts that reference.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pglast
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pglast import ast
from pglast.enums import A_Expr_Kind, BoolExprType, JoinType
from sqlalchemy import and_, delete, func, insert, or_, select, true, union_all, update
from sqlalchemy.orm import aliased

from freehold.models import table_of
from freehold.scope.compiler import Filter, Reach
from freehold.scope.plan import Planner
from tests.integration.scope.models import Announcement, Message, Note, Task, Token

OWNER = "the-owner"
OWNED = {"tasks", "messages", "notes", "tokens"}
MODELS = (Task, Message, Note, Token, Announcement)

# The oracle ----------------------------------------------------------------------------------------------------------


def unfiltered(sql: str, values: list[Any]) -> list[str]:
    """The references of owned tables that nothing confines to the owner."""
    (statement,) = pglast.parse_sql(sql)
    return [name for query in _queries(statement.stmt) for name in _loose(query, values)]


def _queries(node: Any) -> Iterator[Any]:
    """Every SELECT, UPDATE and DELETE, however deep."""
    if isinstance(node, (list, tuple)):
        for each in node:
            yield from _queries(each)
    elif isinstance(node, ast.Node):
        if isinstance(node, (ast.SelectStmt, ast.UpdateStmt, ast.DeleteStmt)):
            yield node
        for name in node:
            yield from _queries(getattr(node, name))


def _loose(query: Any, values: list[Any]) -> Iterator[str]:
    where = list(_conjuncts(query.whereClause))
    sources = [*(getattr(query, "fromClause", None) or ()), *(getattr(query, "usingClause", None) or ())]
    if not isinstance(query, ast.SelectStmt):
        sources.append(query.relation)
    for source in sources:
        yield from _walk(source, where, values)


def _walk(source: Any, conditions: list[Any], values: list[Any]) -> Iterator[str]:
    """``conditions``: those that restrict ``source``, and do not come too late for an outer join."""
    if isinstance(source, ast.JoinExpr):
        on = list(_conjuncts(source.quals))
        inner = source.jointype == JoinType.JOIN_INNER
        yield from _walk(source.larg, [*conditions, *on] if inner else conditions, values)
        yield from _walk(source.rarg, [*conditions, *on] if inner else on, values)
    elif isinstance(source, ast.RangeVar) and source.schemaname == "public" and source.relname in OWNED:
        names = {source.alias.aliasname} if source.alias else {source.relname}
        if not any(_says_owner(each, names, values) for each in conditions):
            yield f"{source.relname} as {names}"


def _conjuncts(node: Any) -> Iterator[Any]:
    if isinstance(node, ast.BoolExpr) and node.boolop == BoolExprType.AND_EXPR:
        for each in node.args:
            yield from _conjuncts(each)
    elif node is not None:
        yield node


def _says_owner(node: Any, names: set[str], values: list[Any]) -> bool:
    if isinstance(node, ast.A_Const) and isinstance(node.val, ast.Boolean) and not node.val.boolval:
        return True  # nobody's rows: SQLAlchemy leaves out what stands beside a false()
    if not (isinstance(node, ast.A_Expr) and node.kind == A_Expr_Kind.AEXPR_OP and node.name[0].sval == "="):
        return False
    column, value = node.lexpr, node.rexpr
    while isinstance(value, ast.TypeCast):
        value = value.arg
    return (
        isinstance(column, ast.ColumnRef)
        and isinstance(value, ast.ParamRef)
        and [part.sval for part in column.fields][-2:] in [[name, "user_id"] for name in names]
        and values[value.number - 1] == OWNER
    )


# The statements ------------------------------------------------------------------------------------------------------


@st.composite
def sources(draw: st.DrawFn) -> list[Any]:
    """One to four models, some of them under another name."""
    chosen = draw(st.lists(st.sampled_from(MODELS), min_size=1, max_size=4))
    seen: set[Any] = set()
    found = []
    for model in chosen:
        found.append(aliased(model) if model in seen or draw(st.booleans()) else model)
        seen.add(model)
    return found


@st.composite
def conditions(draw: st.DrawFn, here: list[Any], depth: int) -> Any:
    """A condition on one of ``here``, possibly with a query inside."""
    subject = draw(st.sampled_from(here))
    kind = draw(st.sampled_from(["plain", "or", "misleading", "not", *(["exists", "in", "scalar"] if depth else [])]))
    if kind == "plain":
        return subject.id > "a"
    if kind == "or":
        return or_(subject.id == "a", subject.id.in_(["b", "c"]), subject.id.is_(None))
    if kind == "not":
        return ~(draw(conditions(here, 0)))
    if kind == "misleading":  # says something of an owner, but does not restrict
        target = getattr(subject, "user_id", subject.id)
        return or_(target == OWNER, true() if draw(st.booleans()) else subject.id == "a")
    inner = draw(queries(depth - 1))
    if kind == "exists":
        return inner.exists()
    if kind == "in":
        return subject.id.in_(inner)
    return subject.id == inner.limit(1).scalar_subquery()


@st.composite
def queries(draw: st.DrawFn, depth: int = 2) -> Any:
    """A SELECT of one text column from joined models, subqueries and CTEs."""
    here = draw(sources())
    first, *others = here
    statement = select(first.id)
    for other in others:
        on = and_(first.id == other.id, draw(conditions([first, other], 0)))
        how = draw(st.sampled_from(["inner", "outer", "cross"]))
        if how == "cross":
            statement = statement.join(other, true())
        else:
            statement = statement.join(other, on, isouter=how == "outer")
    for _ in range(draw(st.integers(0, 2))):
        statement = statement.where(draw(conditions(here, depth)))
    if depth and draw(st.booleans()):
        inner = draw(queries(depth - 1))
        wrapped = draw(st.sampled_from([inner.subquery(), inner.cte(), inner.lateral()]))
        statement = statement.join(wrapped, wrapped.c.id == first.id, isouter=draw(st.booleans()))
    if draw(st.booleans()):
        statement = statement.group_by(first.id).having(func.count() > 0)
    return statement


@st.composite
def statements(draw: st.DrawFn) -> Any:
    """A SELECT, a union, or a change that reads other tables."""
    kind = draw(st.sampled_from(["select", "select", "union", "update", "delete", "insert", "change in a cte"]))
    query = draw(queries())
    if kind == "select":
        return query
    if kind == "union":
        return union_all(query, draw(queries(1)), select(draw(queries(1)).subquery().c.id))
    model = draw(st.sampled_from([Message, Task, Token]))
    others = [each for each in draw(sources()) if each is not model]
    wheres = [model.id.in_(query), *(model.id == other.id for other in others)]
    if kind == "insert":
        return insert(table_of(Announcement)).from_select(["text"], query, include_defaults=False)
    if kind == "update":
        column = {Message: "content", Task: "title", Token: "hint"}[model]
        return update(model).where(*wheres).values({column: query.limit(1).scalar_subquery()})
    changed = delete(model).where(*wheres)
    return changed if kind == "delete" else select(changed.returning(model.id).cte().c.id)


@given(statement=statements())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_every_reference_of_an_owned_table_is_filtered(statement: Any) -> None:
    """For a scope that is confined to one owner, whatever the policies say."""
    call = Planner().call(statement, Filter(Reach.OWNER), OWNER)
    assert unfiltered(call.sql.decode(), list(call.values)) == [], call.sql.decode()


@given(statement=statements())
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_the_oracle_would_see_a_missing_filter(statement: Any) -> None:
    """Positive control: compiled for everybody, the same statements are loose wherever they name an owned table."""
    call = Planner().call(statement, Filter(Reach.EVERYBODY), None)
    sql = call.sql.decode()
    assume("false" not in sql)
    owned = any(f"public.{name}" in sql for name in OWNED)
    assert bool(unfiltered(sql, list(call.values))) == owned


@pytest.mark.parametrize(
    ("sql", "loose"),
    [
        ("SELECT 1 FROM public.tasks WHERE public.tasks.user_id = $1", 0),
        ("SELECT 1 FROM public.tasks WHERE public.tasks.user_id = $1 OR true", 1),
        ("SELECT 1 FROM public.tasks WHERE public.tasks.user_id = $2", 1),
        ("SELECT 1 FROM public.tasks AS a, public.tasks AS b WHERE a.user_id = $1", 1),
        ("SELECT 1 FROM public.notes LEFT JOIN public.tasks ON public.notes.user_id = $1 WHERE tasks.user_id = $1", 2),
        ("SELECT 1 FROM other LEFT JOIN public.tasks ON tasks.user_id = $1", 0),
        ("UPDATE public.tasks SET a = 1 WHERE EXISTS (SELECT 1 FROM public.notes) AND tasks.user_id = $1", 1),
    ],
)
def test_the_oracle(sql: str, loose: int) -> None:
    """What counts as confined, and what does not."""
    assert len(unfiltered(sql, [OWNER, "somebody"])) == loose
