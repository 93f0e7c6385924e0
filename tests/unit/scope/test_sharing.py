"""Statements that may share a connection."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import case, delete, func, insert, literal_column, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from freehold.errors import StatementError
from freehold.scope.compiler import Filter, Reach
from freehold.scope.plan import Plan, compile_plan
from tests.integration.scope.models import Message, Task

LEAVES = func.set_config("a", "b", False)


def plan(statement: Any, reach: Reach = Reach.CALLER) -> Plan:
    """The statement, compiled."""
    return compile_plan(statement, Filter(reach), None)


@pytest.mark.parametrize(
    "statement",
    [
        select(Task),
        select(func.count()).select_from(Task),
        select(literal_column("'a (quoted) from $1'::text")),
        select(Task.id).order_by(text("title desc")),
        select(func.LOWER(Task.title)),
        select(Task.logs.op("@>")(["a"])),
    ],
)
def test_what_leaves_nothing_shares(statement: Any) -> None:
    """Known functions, operators and plain fragments; a SELECT of them may be repeated."""
    assert plan(statement).shares
    assert plan(statement).reads


def test_a_write_is_not_repeated() -> None:
    """At the top or in a CTE."""
    change = update(Task).where(Task.title == "a").values(title="b")
    assert not plan(change).reads
    assert not plan(select(change.returning(Task.id).cte().c.id)).reads
    assert plan(change).shares


@pytest.mark.parametrize(
    "statement",
    [
        select(LEAVES),
        select(func.pg_advisory_lock(1)),
        select(func.auth.uid()),
        select(func.my_own(Task.id)),
        select(Task).where(func.pg_try_advisory_lock(1)),
        select(select(func.setseed(0.5)).subquery()),
        select(Task).order_by(LEAVES),
        select(Task.title).group_by(Task.title).having(LEAVES == "x"),
        select(Task).limit(LEAVES),
        select(Task.id).join(Message, Message.content == LEAVES),
        select(select(LEAVES).cte()),
        select(Task.title).union(select(LEAVES)),
        select(case((Task.title == LEAVES, 1), else_=2)),
        select(func.sum(1).over(order_by=LEAVES)),
        select(func.count().filter(Task.title == LEAVES)),
        select(Task.title.op("|| set_config('a', 'b', false) ||")("x")),
        select(Task.id).prefix_with(text("set_config('a', 'b', false),")),
        select(Task.id).with_statement_hint("; select 1"),
        update(Task).values(title=LEAVES),
        update(Task).values(title="x").returning(LEAVES),
        delete(Task).where(Task.title == LEAVES),
        insert(Task).values(title=LEAVES),
        insert(Task).values([{"id": "a", "title": LEAVES}]),
        insert(Task).from_select(["title"], select(LEAVES), include_defaults=False),
        upsert(Task).values(id="a", title="x").on_conflict_do_update(index_elements=["id"], set_={"title": LEAVES}),
    ],
)
def test_functions_that_are_not_known_do_not_share(statement: Any) -> None:
    """Whatever they do, wherever they stand: their connection is cleaned afterwards."""
    assert not plan(statement).shares


@pytest.mark.parametrize(
    "fragment",
    [
        "set_config('a', 'b', false)",
        "(select count(*) from public.notes)",
        "* from public.notes",
        "1; commit",
        "\"set_config\"('a', 'b', false)",
        "U&'\\0061' || now()",
        "$$a$$",
        "1 /* ( */",
        "E'\\'' || f('')",
    ],
)
def test_text_that_could_be_more_does_not_share(fragment: str) -> None:
    """A function call or a table's name outside of quotes; where the service means one owner it is refused."""
    for statement in (select(text(fragment)), select(literal_column(fragment))):
        assert not plan(statement).shares
        for reach in (Reach.OWNER, Reach.UNNAMED):
            with pytest.raises(StatementError):
                plan(statement, reach)
