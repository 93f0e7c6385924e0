"""The SQL file: what is written is read back, statement by statement."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.migrations.script import Script, Unit, parse

_line = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)
_statement = (
    st.lists(_line, min_size=1, max_size=4)
    .map("\n".join)
    .filter(lambda text: text.strip() == text and text and not text.endswith(";") and "-- freehold: " not in text)
)
_units = st.lists(
    st.builds(Unit, st.lists(_statement, min_size=1, max_size=4).map(tuple), st.booleans()), min_size=1, max_size=3
).map(tuple)


@given(_units)
def test_units_survive_the_file(units: tuple[Unit, ...]) -> None:
    """Whatever the statements hold: comments, quotes, semicolons, blank lines."""
    script = Script("abc", ("def", "012"), ("add things", "+1 table"), units)
    assert parse(script.render()) == script


def test_a_statement_that_holds_a_marker_is_refused() -> None:
    """It would be cut in two."""
    script = Script("abc", (), (), (Unit(("select 1\n-- freehold: statement\n, 2",)),))
    with pytest.raises(ValueError, match="begins with"):
        script.render()


@pytest.mark.parametrize(
    "text",
    [
        "select 1",
        "-- freehold: revision a\nselect 1",
        "-- freehold: revision a\n-- freehold: unit sometimes",
        "-- freehold: revision a\n-- freehold: nonsense",
    ],
)
def test_another_file_is_not_guessed_at(text: str) -> None:
    """Text outside the markers would never be run, so it is refused."""
    with pytest.raises(ValueError):
        parse(text)
