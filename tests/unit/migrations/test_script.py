"""The SQL file: what is written is read back, statement by statement."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.migrations.script import Batches, Index, Mode, Script, Unit, parse

_line = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)
_statement = (
    st.lists(_line, min_size=1, max_size=4)
    .map("\n".join)
    .filter(lambda text: text.strip() == text and text and not text.endswith(";") and "-- freehold: " not in text)
)
_statements = st.lists(_statement, min_size=1, max_size=4).map(tuple)
_names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)
_unit = st.one_of(
    st.builds(Unit, _statements, st.sampled_from([Mode.TRANSACTION, Mode.AUTOCOMMIT])),
    st.builds(
        lambda text, index: Unit((text,), Mode.AUTOCOMMIT, index), _statement, st.builds(Index, _names, _names, _names)
    ),
    st.builds(
        lambda text, batches: Unit((text,), Mode.BATCHES, batches, ("ROW EXCLUSIVE",)),
        _statement,
        st.builds(Batches, _names, _names, st.lists(_names, min_size=1).map(tuple), st.integers(1, 9999)),
    ),
)
_units = st.lists(_unit, min_size=1, max_size=3).map(tuple)


@given(_units)
def test_units_survive_the_file(units: tuple[Unit, ...]) -> None:
    """Whatever the statements hold: comments, quotes, semicolons, blank lines."""
    script = Script("abc", ("def", "012"), ("add things", "+1 table"), units, "0a 18", ("drop public.t: meant",))
    again = parse(script.render())
    assert again == script
    assert [unit.locks for unit in again.units] == [unit.locks for unit in units]
    assert again.sums == script.sums


def test_a_unit_more_changes_every_sum() -> None:
    """So that a statement added to an applied revision is not taken for the rest of it."""
    one, two = Unit(("select 1",)), Unit(("select 2",))
    before, after = Script("abc", (), (), (one,)), Script("abc", (), (), (one, two))
    assert before.sums[0] not in after.sums
    assert Script("abc", (), ("a remark",), (one,)).sums == before.sums


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
        "-- freehold: revision a\n-- freehold: unit transaction of a kind",
        "-- freehold: revision a\n-- freehold: unit autocommit makes index 7",
        "-- freehold: revision a\n-- freehold: unit batches {}",
    ],
)
def test_another_file_is_not_guessed_at(text: str) -> None:
    """Text outside the markers would never be run, so it is refused."""
    with pytest.raises(ValueError):
        parse(text)
