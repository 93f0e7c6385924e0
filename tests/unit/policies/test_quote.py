"""Quoting refuses what PostgreSQL cannot hold and closes every quote it opens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.errors import Code, StatementError
from freehold.policies.quote import quote_identifier, quote_literal


def test_examples() -> None:
    """The forms of the manual, 4.1.1 and 4.1.2."""
    assert quote_identifier('a"b') == '"a""b"'
    assert quote_literal("it's") == "'it''s'"
    assert quote_literal("a\\'b") == "E'a\\\\''b'"


@pytest.mark.parametrize("name", ["", "a" * 64, "é" * 32, "a\0b", "\ud800"])
def test_identifiers_that_do_not_exist_are_refused(name: str) -> None:
    """An empty name, one that the server would cut off, NUL and half a surrogate pair."""
    with pytest.raises(StatementError) as caught:
        quote_identifier(name)
    assert caught.value.code is Code.VALUE_INVALID


def test_text_with_nul_is_refused() -> None:
    """PostgreSQL has no NUL in text."""
    with pytest.raises(StatementError):
        quote_literal("a\0b")


@given(st.text(st.characters(exclude_characters="\0", codec="utf-8")))
def test_a_literal_never_ends_early(text: str) -> None:
    """Inside the quotes every quote is doubled, and backslashes exist only in E'' strings, doubled."""
    quoted = quote_literal(text)
    body = quoted.removeprefix("E")[1:-1]
    assert "'" not in body.replace("''", "")
    assert ("\\" in body) == quoted.startswith("E'")
    assert "\\" not in body.replace("\\\\", "")
