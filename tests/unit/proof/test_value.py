"""Candidates for a column: the likely ones come first, each user's are their own, and all of them are SQL."""

from __future__ import annotations

import pytest

from freehold.proof.relation import Check, Column
from freehold.proof.value import NULL, candidates


def column(base: str, category: str, **more: object) -> Column:
    """A required column ``c``."""
    return Column(**{"name": "c", "type": base, "base": base, "category": category, "required": True, **more})  # type: ignore[arg-type]


def check(definition: str) -> Check:
    """A constraint about ``c``."""
    return Check("k", ("c",), definition)


def test_texts_of_a_check_come_first() -> None:
    """The values that a Literal allows are tried before anything else, beginning with another one for another row."""
    listed = check("CHECK ((c = ANY (ARRAY['a'::text, 'it''s'::text])))")
    first, second, *_ = candidates(column("text", "S"), [listed], "alice", 1)
    assert (first, second) == ("'a'", "'it''s'")
    assert next(candidates(column("text", "S"), [listed], "alice", 2)) == "'it''s'"


def test_users_have_different_texts_and_ids() -> None:
    """Two users' values do not meet in a unique column."""
    for kind in (column("text", "S"), column("uuid", "U"), column("varchar", "S", length=5)):
        values = [next(candidates(kind, [], user, place)) for place, user in enumerate(("alice", "bob"), start=1)]
        assert len(set(values)) == 2


def test_a_length_is_kept() -> None:
    """No candidate is longer than the column."""
    assert all(len(each) <= 5 + 2 for each in candidates(column("varchar", "S", length=5), [], "alice", 1))


def test_a_pattern_is_matched() -> None:
    """What a sealed column takes begins as its CHECK says; the pattern itself is no value, and two rows differ."""
    sealed = check("CHECK ((c ~~ 'fh1.%'::text))")
    first, second = (next(candidates(column("text", "S"), [sealed], "alice", place)) for place in (1, 2))
    assert first.startswith("'fh1.alice")
    assert first != second
    assert "'fh1.%'" not in list(candidates(column("text", "S"), [sealed], "alice", 1))


def test_the_bounds_of_a_length_are_tried() -> None:
    """A text for a CHECK of a length, for each bound; different ones for different rows, where there is room."""
    bounded = check("CHECK (((char_length(c) >= 40) AND (char_length(c) <= 60)))")
    one, other = (set(candidates(column("text", "S"), [bounded], "alice", place)) for place in (1, 2))
    assert {40 + 2, 60 + 2} <= set(map(len, one))
    assert not {each for each in one & other if len(each) > 12}


@pytest.mark.parametrize(("text", "wanted"), [("CHECK ((c >= 10) AND (c <= 20))", "10"), ("CHECK ((c > 7))", "7 + 1")])
def test_numbers_of_a_check_are_tried(text: str, wanted: str) -> None:
    """A bound itself, and what lies beyond it."""
    assert wanted in list(candidates(column("int4", "N"), [check(text)], "alice", 1))


def test_an_optional_column_ends_with_null() -> None:
    """NULL is the last resort, and none for a required column."""
    assert list(candidates(column("int4", "N", required=False), [], "alice", 1))[-1] == NULL
    assert NULL not in list(candidates(column("int4", "N"), [], "alice", 1))


def test_labels_are_the_only_candidates_of_an_enum() -> None:
    """Each of them, quoted."""
    assert list(candidates(column("mood", "E", labels=("glad", "sad")), [], "alice", 1)) == ["'glad'", "'sad'"]
