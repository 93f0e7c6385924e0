"""When an answer had the owner's rows in it: it says otherwise without them, and says so each time."""

from __future__ import annotations

import pytest

from freehold.proof.stage import Rows, _depends

ONE: Rows = (("'a'", "7"),)
CASES: dict[str, tuple[Rows, Rows, list[Rows], bool]] = {
    "the same": (ONE, ONE, [ONE, ONE], False),
    "a value that is gone": (ONE, (("'a'", "0"),), [ONE, ONE], True),
    "a row that is gone": (ONE, (), [ONE, ONE], True),
    "a row that came in their place": (ONE, (*ONE, *ONE), [ONE, ONE], True),
    "a clock": ((("'a'", "1"),), (("'a'", "2"),), [(("'a'", "3"),), (("'a'", "4"),)], False),
    "a clock beside a value that is gone": ((("'a'", "1"),), (("'b'", "2"),), [(("'a'", "3"),), (("'a'", "4"),)], True),
    "a clock that stood still once": ((("1",),), (("2",),), [(("1",),), (("3",),)], False),
    "rows that come and go by themselves": (ONE, (), [ONE, ()], True),
}


@pytest.mark.parametrize(("rows", "without", "again", "expected"), CASES.values(), ids=CASES)
def test_an_answer_depends_on_the_owners_rows(rows: Rows, without: Rows, again: list[Rows], expected: bool) -> None:
    """What differs by itself is the clock's; in doubt about how many rows there are, they were the owner's."""
    assert _depends(rows, without, again) is expected
