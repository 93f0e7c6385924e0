"""Hints: who waits for a task hears of it, and of no other."""

from __future__ import annotations

import time

from examples.coding_agents.changes import Changes, TaskKey

ONE, OTHER = TaskKey("ada", "1"), TaskKey("grace", "1")


async def test_a_hint_ends_the_wait() -> None:
    """For who waits for the task, or for any; the same id of another user is another task."""
    changes = Changes()
    with changes.hint(ONE) as one, changes.hint(OTHER) as other, changes.hint() as anything:
        changes.announce(ONE)
        assert (one.is_set(), other.is_set(), anything.is_set()) == (True, False, True)
        began = time.monotonic()
        await one.within(5)
        assert time.monotonic() - began < 1
        assert not one.is_set()


async def test_nobody_waits_longer_than_asked() -> None:
    """A hint may be missed, so every wait ends."""
    with Changes().hint(ONE) as hint:
        await hint.within(0.01)


async def test_who_left_is_forgotten() -> None:
    """A long-lived process does not collect listeners."""
    changes = Changes()
    with changes.hint(ONE):
        pass
    assert not changes._waiting
    changes.announce(ONE)
