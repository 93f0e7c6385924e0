"""Reads on a replica that never miss what their caller has written.

A read asks in its own round trip whether the log has been replayed as far as it must have been; where it has not, the rows
are thrown away.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from time import monotonic
from typing import Any, Final

from freehold.errors import ConnectionLostError, PoolTimeoutError, SerializationError
from freehold.scope.caller import Caller
from freehold.scope.door import Door
from freehold.scope.executor import Executor, Isolation, TransactionExecutor
from freehold.scope.plan import Call
from freehold.scope.replica import Marks
from freehold.wire import Step

_PATIENCE: Final = 0.1
"""Seconds that a read waits for the replica before the primary answers it."""
_PAUSE: Final = 0.002
_AWAY_SECONDS: Final = 2.0
"""How long a replica that could not be reached is left alone."""
_REPLAYED: Final = b"SELECT coalesce(pg_catalog.pg_last_wal_replay_lsn() >= $1::pg_catalog.pg_lsn, true)"


class ReadingExecutor:
    """Sends reads to a replica, and everything else, or what the replica cannot answer, to the primary."""

    def __init__(self, replica: Door, marks: Marks, caller: Caller, primary: Executor) -> None:
        self._replica = replica
        self._marks = marks
        self._caller = caller
        self._primary = primary

    @property
    def repeatable(self) -> bool:
        """As on the primary."""
        return self._primary.repeatable

    async def run(self, calls: Sequence[Call]) -> list[list[Any]]:
        """The rows of each call."""
        if self._replica.away_until < monotonic() and all(call.plan.reads for call in calls):
            try:
                rows = await self._read(calls)
            except (ConnectionLostError, PoolTimeoutError):
                self._replica.away_until = monotonic() + _AWAY_SECONDS
            except SerializationError:
                pass  # the replica had to choose between the read and replaying the log
            else:
                if rows is not None:
                    return rows
        return await self._primary.run(calls)

    async def _read(self, calls: Sequence[Call]) -> list[list[Any]] | None:
        """The rows, or None where the replica has not come far enough in time."""
        pool = await self._replica.pool()
        until = monotonic() + _PATIENCE
        check = Step(_REPLAYED, (self._marks.of(self._caller.owner),), (0,))
        while True:
            link = await pool.lanes.take()
            steps = [self._caller.step, check, *(call.step(link.transformer) for call in calls)]
            exchange = link.send(steps, self._caller.echo)
            _, replayed, *results = await exchange.future
            if replayed.get_value(0, 0) == b"t":
                pairs = zip(calls, results, strict=True)
                rows = [call.plan.rows(each, link.transformer, call.opening) for call, each in pairs]
                self._replica.observer.note(calls, rows, exchange.served)
                return rows
            if monotonic() > until:
                return None
            await asyncio.sleep(_PAUSE)

    def raw(self, sql: str, values: Sequence[Any]) -> Coroutine[Any, Any, list[tuple[Any, ...]]]:
        """On the primary: text could do anything."""
        return self._primary.raw(sql, values)

    def transaction(
        self, *, isolation: Isolation | None = None, undo: bool = False
    ) -> AbstractAsyncContextManager[TransactionExecutor]:
        """On the primary."""
        return self._primary.transaction(isolation=isolation, undo=undo)
