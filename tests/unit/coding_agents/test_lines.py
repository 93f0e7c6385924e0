"""Output in chunks becomes lines, however it was cut."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from examples.coding_agents.lines import LONGEST_LINE, LineSplitter


def split(*chunks: bytes) -> list[str]:
    splitter = LineSplitter("out")
    return [line.text for chunk in chunks for line in splitter.feed(chunk)] + [line.text for line in splitter.end()]


def test_lines_end_where_the_output_does() -> None:
    """The last one needs no line feed, and an empty one is one."""
    assert split(b"a\n\nb\nc") == ["a", "", "b", "c"]
    assert split(b"a\n") == ["a"]
    assert split() == []


@given(st.binary(max_size=200), st.lists(st.integers(0, 200)))
def test_chunks_do_not_matter(data: bytes, cuts: list[int]) -> None:
    """The same bytes are the same lines, also when a character is cut in two."""
    places = [0, *sorted(cuts), len(data)]
    assert split(*(data[a:b] for a, b in pairwise(places))) == split(data)


def test_a_line_without_end_is_cut_once() -> None:
    """What is kept is bounded, the rest of the line is skipped, and the next line is whole."""
    splitter = LineSplitter("err")
    lines = [line for _ in range(10) for line in splitter.feed(b"x" * LONGEST_LINE)]
    lines += splitter.feed(b"still the same\nnext\n")
    assert [(len(line.text), line.cut) for line in lines] == [(LONGEST_LINE, True), (4, False)]
    assert {line.stream for line in lines} == {"err"}


def test_a_carriage_return_begins_anew() -> None:
    """A progress bar leaves its last state; a Windows line its text."""
    assert split(b"10%\r50%\r100%\nplain\r\n") == ["100%", "plain"]


def test_bytes_that_are_no_text_are_replaced() -> None:
    """Nothing that UTF-8 does not know reaches the log."""
    assert split(b"\xff\n") == ["\N{REPLACEMENT CHARACTER}"]
