"""PostgreSQL's text as SQLAlchemy source: what is understood means the same, what is not is refused."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import BigInteger, Boolean, Column, MetaData, Table, Text, Uuid, and_, false, not_, or_, true
from sqlalchemy.dialects.postgresql.base import PGDialect

from freehold.models import caller_id, claim
from freehold.pull.expression import parse, source

WORDS = {"and_": and_, "or_": or_, "not_": not_, "true": true, "false": false, "caller_id": caller_id, "claim": claim}
T = Table(
    "t",
    MetaData(),
    Column("user_id", Text),
    Column("owner", Uuid),
    Column("status", Text),
    Column("size", BigInteger),
    Column("public", Boolean),
    Column("a b", Text),
)


def _sql(text: str) -> str:
    """What the source of ``text`` compiles to."""
    parsed = parse(text)
    assert parsed is not None, text
    expression: Any = eval(source(parsed, frozenset({"owner"})), {"t": T.c, **WORDS})
    return str(expression.compile(dialect=PGDialect(paramstyle="named"), compile_kwargs={"literal_binds": True}))  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    ("text", "sql"),
    [
        ("(user_id = ( SELECT (auth.jwt() ->> 'sub'::text)))", "t.user_id = (SELECT auth.jwt() ->> 'sub')"),
        ("(( SELECT auth.uid() AS uid) = owner)", "t.owner = (SELECT auth.uid())"),
        ("(auth.uid() = owner)", "t.owner = (SELECT auth.uid())"),
        ("((auth.uid())::text = user_id)", "t.user_id = (SELECT auth.jwt() ->> 'sub')"),
        ("((status = 'a'::text) OR ((size >= 2) AND (NOT public)))", "t.status = 'a' OR t.size >= 2 AND NOT t.public"),
        ("(((status)::text <> 'a''b'::text) AND public)", "t.status != 'a''b' AND t.public"),
        ("(status = ANY (ARRAY['a'::text, 'b'::text]))", "t.status IN ('a', 'b')"),
        ("(status <> ALL (ARRAY['a'::text, 'b'::text]))", "(t.status NOT IN ('a', 'b'))"),
        ("(size = ANY (ARRAY[(1)::bigint, (2)::bigint]))", "t.size IN (1, 2)"),
        ('(("a b" IS NOT NULL) AND (status IS NULL))', 't."a b" IS NOT NULL AND t.status IS NULL'),
        ("(( SELECT (auth.jwt() ->> 'org'::text)) = status)", "t.status = (SELECT auth.jwt() ->> 'org')"),
        ("true", "true"),
    ],
)
def test_it_means_the_same(text: str, sql: str) -> None:
    """Forms that policies and checks have, as PostgreSQL prints them."""
    assert _sql(text) == sql


@pytest.mark.parametrize(
    "text",
    [
        "(EXISTS ( SELECT 1 FROM members m WHERE (m.id = t.id)))",
        "(lower(status) = 'a'::text)",
        "((status)::date = '2020-01-01'::date)",
        "(members.id = user_id)",
        "(status ~~ 'a%'::text)",
        "((auth.jwt() -> 'app_metadata'::text) = status)",
        "(size < ANY (ARRAY[1, 2]))",
        "(status = CASE WHEN public THEN 'a' ELSE 'b' END)",
        "(user_id IS NOT DISTINCT FROM ( SELECT (auth.jwt() ->> 'sub'::text)))",
        "(status = 'a'::text) OR",
        "(status = $tag$a$tag$)",
        "",
    ],
)
def test_what_is_not_understood_is_refused(text: str) -> None:
    """So that the caller keeps PostgreSQL's own text, and nothing is weakened by a guess."""
    assert parse(text) is None
