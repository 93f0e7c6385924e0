"""Reads for live listeners: shared by those who want the same, and never older than what was announced."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from examples.coding_agents import watch as module
from examples.coding_agents.changes import Changes, TaskKey
from examples.coding_agents.claim import entry
from examples.coding_agents.logs import LogPage
from examples.coding_agents.watch import Watch
from freehold.errors import Code, NotVisibleError
from freehold.scope import UserScope

KEY, OTHER = TaskKey("ada", "1"), TaskKey("grace", "1")
SCOPE = cast(UserScope, None)


class Log:
    """Stands for the database: a read answers when it is let, with what was written when it began."""

    def __init__(self) -> None:
        self.total = 1
        self.reads = 0
        self.error: Exception | None = None
        self.let = asyncio.Event()

    async def read(self, _scope: Any, _task: str, *, after: int, limit: int) -> LogPage:
        """As `read_log`."""
        assert limit > 0
        self.reads += 1
        total = self.total
        lines = [entry("info", f"{n}") for n in range(after + 1, total + 1)]
        await self.let.wait()
        if self.error is not None:
            raise self.error
        return LogPage(lines, after + 1, total, "processing", 0)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    """The log that is read."""
    log = Log()
    monkeypatch.setattr(module, "read_log", log.read)
    return log


async def _begun(watch: Watch, key: TaskKey = KEY, after: int = 0) -> asyncio.Task[tuple[LogPage, str]]:
    task = asyncio.create_task(watch.read(SCOPE, key, after=after))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return task


async def test_who_wants_the_same_shares_a_read(log: Log) -> None:
    """Fifty listeners are one read; another place in the log, and another user's task of the same id, are others."""
    watch = Watch(Changes())
    same = [await _begun(watch) for _ in range(50)]
    others = [await _begun(watch, after=1), await _begun(watch, OTHER)]
    log.let.set()
    pages = await asyncio.gather(*same)
    await asyncio.gather(*others)
    assert log.reads == 3
    assert {lines for _, lines in pages} == {pages[0][1]}
    assert pages[0][1].startswith("id: 1\nevent: log\ndata: {")
    assert not watch._reads


async def test_a_read_from_before_the_news_is_not_joined(log: Log) -> None:
    """Who heard of a line gets it, although a read without it is still under way."""
    changes = Changes()
    watch = Watch(changes)
    early = await _begun(watch)
    log.total = 2
    changes.announce(KEY)
    late = await _begun(watch)
    log.let.set()
    assert [(await each)[0].total for each in (early, late)] == [1, 2]


async def test_who_leaves_takes_nothing_from_the_others(log: Log) -> None:
    """The one who began the read goes, and the others get it; an error comes to all, and to nobody if all have left."""
    watch = Watch(Changes())
    first, second = await _begun(watch), await _begun(watch)
    first.cancel()
    log.let.set()
    assert (await second)[0].total == 1
    log.error = NotVisibleError(Code.NOT_VISIBLE, "There is no such task.", hint="None.")
    log.let.clear()
    several = [await _begun(watch), await _begun(watch)]
    log.let.set()
    for each in several:
        with pytest.raises(NotVisibleError):
            await each
    assert log.reads == 2
