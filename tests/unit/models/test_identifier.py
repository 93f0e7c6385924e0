"""Identifiers: version 7 UUIDs whose order is the order they were made in."""

from __future__ import annotations

import re
import threading
import time
from itertools import pairwise
from uuid import RFC_4122

import pytest

from freehold.models import identifier, text_id, uuid7


def test_the_bits_are_those_of_rfc_9562() -> None:
    """Version 7, variant 10, and the first 48 bits are Unix milliseconds."""
    before = time.time_ns() // 1_000_000
    made = uuid7()
    after = time.time_ns() // 1_000_000
    assert (made.version, made.variant) == (7, RFC_4122)
    assert before <= made.int >> 80 <= after + 1


def test_each_is_larger_than_the_last() -> None:
    """Also within a millisecond."""
    made = [uuid7() for _ in range(5000)]
    assert all(one < two for one, two in pairwise(made))


def test_the_clock_may_go_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Order is kept, and the version bits too."""
    first = uuid7()
    monkeypatch.setattr(identifier.time, "time_ns", lambda: 1_000_000)
    later = [uuid7() for _ in range(10)]
    assert all(one < two for one, two in pairwise([first, *later]))
    assert {each.version for each in later} == {7}


def test_a_full_counter_runs_into_the_next_millisecond(monkeypatch: pytest.MonkeyPatch) -> None:
    """262,144 ids in one millisecond are not enough to break the order."""
    now = time.time_ns() // 1_000_000 + 1_000
    monkeypatch.setattr(identifier.time, "time_ns", lambda: now * 1_000_000)
    monkeypatch.setattr(identifier, "_last", (now << 18) + (1 << 18) - 2)
    one, two, three = uuid7(), uuid7(), uuid7()
    assert one < two < three
    assert (one.int >> 80, three.int >> 80) == (now, now + 1)


def test_threads_do_not_meet() -> None:
    """No id twice."""
    made: list[object] = []
    threads = [threading.Thread(target=lambda: made.extend(uuid7() for _ in range(1000))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 4000


def test_text_ids_are_26_characters_that_sort() -> None:
    """Crockford's base 32 in lower case: safe in a URL, ordered as text."""
    made = [text_id() for _ in range(1000)]
    assert made == sorted(made)
    assert len(set(made)) == 1000
    assert all(re.fullmatch("[0-9a-hjkmnp-tv-z]{26}", each) for each in made)
