"""Facts, snapshots and changes are values."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.catalog import Change, Fact, Kind, Snapshot, diff

_values = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text()).map(tuple)
_facts = st.builds(
    Fact.of,
    st.sampled_from(Kind),
    st.lists(st.text(), min_size=1, max_size=4),
    st.dictionaries(st.text(), _values, max_size=4),
    st.integers(0, 9),
    st.lists(st.lists(st.text(), min_size=1, max_size=3), max_size=2),
)
_snapshots = st.lists(_facts, max_size=6).map(Snapshot)


def _fact(name: str, **attributes: object) -> Fact:
    return Fact.of(Kind.TABLE, ("public", name), attributes)


@given(_snapshots)
def test_json_gives_the_same_snapshot(snapshot: Snapshot) -> None:
    """Out and in again, with what is not compared; the text is the same again."""
    again = Snapshot.from_json(snapshot.to_json())
    assert again == snapshot
    assert again.hash == snapshot.hash
    assert again.to_json() == snapshot.to_json()


@given(_snapshots, _snapshots)
def test_a_difference_reverses(one: Snapshot, other: Snapshot) -> None:
    """What leads there leads back, and nothing differs only where the hashes are equal."""
    there = diff(one, other)
    assert tuple(change.reverse() for change in there) == diff(other, one)
    assert (there == ()) == (one.hash == other.hash) == (one == other)


def test_order_and_rank_do_not_matter() -> None:
    """A snapshot is sorted; a column's place is kept, not compared."""
    a, b = _fact("a", forced=True), _fact("b")
    moved = Fact.of(Kind.TABLE, ("public", "a"), {"forced": True}, rank=7)
    assert Snapshot([a, b]) == Snapshot([b, moved])
    assert Snapshot([a, b]).hash == Snapshot([b, moved]).hash


def test_a_change_says_what_happens() -> None:
    """Added, dropped, altered, with the attributes that differ."""
    before, after = _fact("a", forced=True, owner="x"), _fact("a", forced=False, owner="x")
    assert str(Change(None, after)) == "add table public.a"
    assert str(Change(before, None)) == "drop table public.a"
    assert str(Change(before, after)) == "alter table public.a (forced)"


def test_facts_by_kind_and_prefix() -> None:
    """A table's columns are found by the table's name."""
    columns = [Fact.of(Kind.COLUMN, ("public", "a", name), {}) for name in ("x", "y")]
    snapshot = Snapshot([*columns, Fact.of(Kind.COLUMN, ("public", "b", "z"), {})])
    assert snapshot.of(Kind.COLUMN, "public", "a") == tuple(columns)
    assert snapshot.of(Kind.INDEX) == ()


def test_a_fact_holds_plain_values_only() -> None:
    """Anything else could not be compared after JSON."""
    with pytest.raises(TypeError):
        _fact("a", odd={"x": 1})


def test_one_line_for_each_fact() -> None:
    """So that a reviewer sees which facts changed."""
    text = Snapshot([_fact("a"), _fact("b")]).to_json()
    assert len(text.splitlines()) == 4
    assert [row["key"][1] for row in json.loads(text)] == ["a", "b"]
