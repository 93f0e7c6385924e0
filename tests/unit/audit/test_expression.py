"""Policies are read as PostgreSQL writes them: by their brackets."""

from __future__ import annotations

import pytest

from freehold.audit.expression import admits_null, always_true, conjuncts, owners, tautologies, unwrapped_calls

MINE = "(user_id = ( SELECT auth.uid() AS uid))"
SUB = "(user_id = ( SELECT (auth.jwt() ->> 'sub'::text)))"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("true", True),
        ("(1 = 1)", True),
        (f"({MINE} OR true)", True),
        (f"({MINE} AND true)", False),
        ("(true AND (1 = 1))", True),
        ("(title = ') OR true --'::text)", False),
        ("false", False),
        (MINE, False),
    ],
)
def test_always_true(text: str, expected: bool) -> None:
    """A constant, or an alternative that is one; a string that looks like one is a string."""
    assert always_true(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (MINE, {"user_id"}),
        (SUB, {"user_id"}),
        (f"({MINE} AND (title <> ''::text))", {"user_id"}),
        (f"({MINE} OR (title = 'x'::text))", set()),
        (f"({MINE} OR (user_id = auth.uid()))", {"user_id"}),
        ("(( SELECT auth.uid() AS uid) = user_id)", {"user_id"}),
        ('("user" = ( SELECT auth.uid() AS uid))', {"user"}),
        ("(title = 'auth.uid()'::text)", set()),
        ("(user_id <> ( SELECT auth.uid() AS uid))", set()),
    ],
)
def test_owners(text: str, expected: set[str]) -> None:
    """The columns that every row has equal to the caller: not those of one alternative only."""
    assert owners(text) == expected


def test_conjuncts_do_not_look_into_brackets_or_strings() -> None:
    """AND inside a string, a subquery or an alternative joins nothing at the top."""
    text = "((a = 'x AND y'::text) AND ((b = 1) OR ((c = 2) AND (d = 3))))"
    assert conjuncts(text) == ("(a = 'x AND y'::text)", "((b = 1) OR ((c = 2) AND (d = 3)))")


def test_captured_names_and_calls_per_row() -> None:
    """Comparisons with itself, and calls outside a subquery of their own."""
    assert tautologies("(m.team_id = m.team_id)") == ("m.team_id = m.team_id",)
    assert tautologies("(m.team_id = team.team_id)") == ()
    assert unwrapped_calls("(user_id = auth.uid())") == ("auth.uid()",)
    assert unwrapped_calls(MINE) == ()
    assert unwrapped_calls("(EXISTS ( SELECT 1 FROM m WHERE (m.user_id = auth.uid())))") == ("auth.uid()",)
    assert unwrapped_calls("(EXISTS ( SELECT 1 FROM m WHERE (m.user_id = ( SELECT auth.uid() AS uid))))") == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(NOT (user_id IS DISTINCT FROM ( SELECT auth.uid() AS uid)))", True),
        ("(( SELECT auth.uid() AS uid) IS NULL)", True),
        ("(COALESCE(( SELECT auth.uid() AS uid), user_id) = user_id)", True),
        (MINE, False),
        (f"({MINE} AND (title IS NULL))", False),
        (f"({MINE} AND (( SELECT (auth.jwt() ->> 'token_id'::text)) IS NULL))", False),
        (f"({SUB} AND (( SELECT (auth.jwt() ->> 'token_id'::text)) IS NULL))", False),
        (f"({MINE} OR (( SELECT (auth.jwt() ->> 'token_id'::text)) IS NULL))", True),
        (f"((title = 'a'::text) AND ({MINE} OR (( SELECT auth.uid() AS uid) IS NULL)))", True),
        (f"(({MINE} IS NOT TRUE) AND (( SELECT auth.uid() AS uid) IS NULL))", True),
        (f"((NOT {MINE}) AND (( SELECT auth.uid() AS uid) IS NULL))", True),
    ],
)
def test_admits_null(text: str, expected: bool) -> None:
    """Who is nobody passes; what may be NULL beside the comparison is harmless, and beside anything else it is not."""
    assert admits_null(text) is expected
