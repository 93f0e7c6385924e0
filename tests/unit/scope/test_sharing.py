"""Statements that may share a connection."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, literal_column, select, text

from freehold.scope.sharing import opaque, reads, shares
from tests.integration.scope.models import Task


@pytest.mark.parametrize(
    "statement",
    [
        select(Task),
        select(func.count()).select_from(Task),
        select(literal_column("'a (quoted) from $1'::text")),
        select(Task.id).order_by(text("title desc")),
        select(func.LOWER(Task.title)),
    ],
)
def test_what_leaves_nothing_shares(statement: Any) -> None:
    """Known functions and plain fragments."""
    assert shares(statement)
    assert not opaque(statement)
    assert reads(statement)


@pytest.mark.parametrize(
    "statement",
    [
        select(func.set_config("a", "b", False)),
        select(func.pg_advisory_lock(1)),
        select(func.auth.uid()),
        select(func.my_own(Task.id)),
        select(Task).where(func.pg_try_advisory_lock(1)),
        select(select(func.setseed(0.5)).subquery()),
    ],
)
def test_functions_that_are_not_known_do_not_share(statement: Any) -> None:
    """Whatever they do, their connection is cleaned afterwards."""
    assert not shares(statement)


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
def test_text_that_could_be_more_is_opaque(fragment: str) -> None:
    """A function call or a table's name outside of quotes."""
    for statement in (select(text(fragment)), select(literal_column(fragment))):
        assert opaque(statement)
        assert not shares(statement)
