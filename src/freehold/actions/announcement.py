"""Which tags were touched, told to whoever listens: one LISTEN for each process, and a bounded memory for each stream.

An announcement carries no data. What may have been missed (a lost connection, a slow reader) is said as "everything",
and whoever hears it asks again, which costs little where nothing changed: see `freehold.actions.tag`.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import defaultdict
from collections.abc import Generator
from contextlib import aclosing, contextmanager, suppress
from typing import Any, Final

from freehold.errors import Code, DatabaseError, LimitExceededError
from freehold.scope import Database

CHANNEL: Final = "freehold_touched"
_TAGS_KEPT: Final = 200
_STREAMS_EACH: Final = 10
_STREAMS: Final = 10_000
_PATIENCE: Final = (0.2, 0.5, 1.0, 2.0, 5.0)
_log: Final = logging.getLogger(__name__)


class Subscription:
    """What one stream has not told yet: some tags, or that everything may have changed."""

    def __init__(self) -> None:
        self._tags: set[str] = set()
        self._everything = False
        self._news = asyncio.Event()

    def add(self, tags: list[str]) -> None:
        """Takes tags that were touched; a stream that does not keep up is told "everything"."""
        self._tags.update(tags)
        if len(self._tags) > _TAGS_KEPT:
            self.restart()
        self._news.set()

    def restart(self) -> None:
        """Everything may have changed."""
        self._tags.clear()
        self._everything = True
        self._news.set()

    async def next(self, seconds: float) -> list[str] | None:
        """The tags touched since the last time, in order; None for everything, none after ``seconds`` without news."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()
        self._news.clear()
        tags, everything = sorted(self._tags), self._everything
        self._tags.clear()
        self._everything = False
        return None if everything else tags


class Announcements:
    """The streams of one process. It listens while there are any, and goes on when the server comes back."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._streams: defaultdict[str, set[Subscription]] = defaultdict(set)
        self._listening: asyncio.Task[None] | None = None
        self._heard = False

    @contextmanager
    def subscription(self, user_id: str) -> Generator[Subscription]:
        """What is touched for a user; raises `LimitExceededError` (FH612) for too many streams at once."""
        if len(self._streams.get(user_id, ())) >= _STREAMS_EACH or sum(map(len, self._streams.values())) >= _STREAMS:
            raise LimitExceededError(
                Code.STREAMS_MANY,
                "Too many streams are open.",
                headers={"Retry-After": "10"},
                hint="Share one stream between the parts of an application.",
            )
        subscription = Subscription()
        self._streams[user_id].add(subscription)
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen())
        elif self._heard:
            subscription.restart()
        try:
            yield subscription
        finally:
            self._leave(user_id, subscription)

    def _leave(self, user_id: str, subscription: Subscription) -> None:
        self._streams[user_id].discard(subscription)
        if not self._streams[user_id]:
            del self._streams[user_id]
        if not self._streams and self._listening is not None:
            self._listening.cancel()
            self._listening, self._heard = None, False

    async def _listen(self) -> None:
        failures = 0
        while True:
            try:
                async with aclosing(self._db.listen(CHANNEL)) as payloads:
                    async for payload in payloads:
                        failures = 0
                        self._hear(payload)
            except DatabaseError as error:
                _log.warning("announcements are interrupted: %s", error.code)
            self._heard = False
            await asyncio.sleep(_PATIENCE[min(failures, len(_PATIENCE) - 1)])
            failures += 1

    def _hear(self, payload: str | None) -> None:
        if payload is None:
            self._heard = True
            for subscription in [each for several in self._streams.values() for each in several]:
                subscription.restart()
            return
        user_id, tags = _read(payload)
        for subscription in self._streams.get(user_id, ()):
            subscription.add(tags)


def _read(payload: str) -> tuple[str, list[str]]:
    """Whoever may connect may announce, so nothing is believed about the form of it."""
    try:
        told: Any = json.loads(payload)
        return str(told["user"]), [str(tag) for tag in told["tags"]]
    except (ValueError, TypeError, KeyError, RecursionError):
        return "", []
