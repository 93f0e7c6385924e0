"""Looking at a session from beside it while it works: who keeps it waiting, and how far it has come.

pg_blocking_pids() answers only while a session waits, and that session cannot ask: a second connection does, opened
when a unit takes longer than a moment.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

from freehold.errors import FreeholdError
from freehold.wire import Connection, connect, narrated

_LONGEST_PAUSE: Final = 0.5
_BLOCKERS: Final = """
select format('process %%s (%%s, as %%s%%s)', a.pid, coalesce(nullif(a.application_name, ''), 'unnamed'),
              coalesce(a.usename, 'unknown'), ', ' || a.state)
from unnest(pg_blocking_pids(%s)) as b (pid) join pg_stat_activity a on a.pid = b.pid order by a.pid
"""
_INDEX: Final = """
select phase, blocks_done::bigint, blocks_total::bigint from pg_stat_progress_create_index where pid = %s
"""


@dataclass
class Watch:
    """Watches server process ``pid`` from a thread, for as long as the context lasts.

    ``pause``: seconds before the first look, > 0. ``blockers`` are those last seen; ``tell`` gets a sentence for people.
    """

    dsn: str
    pid: int
    pause: float
    tell: Callable[[str], None]
    blockers: tuple[str, ...] = ()
    _done: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._look, name="freehold watch", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._done.set()
        if self._thread is not None:
            self._thread.join()

    def _look(self) -> None:
        pause = min(self.pause, _LONGEST_PAUSE)
        if self._done.wait(pause):
            return
        try:
            with connect(self.dsn) as connection:
                while True:
                    self._once(connection)
                    if self._done.wait(pause):
                        return
        except FreeholdError:
            return  # What is watched goes on without a watcher: a server may have no connection left.

    def _once(self, connection: Connection) -> None:
        with narrated():
            found = tuple(str(row[0]) for row in connection.execute(_BLOCKERS, (self.pid,)).fetchall())
            index = connection.execute(_INDEX, (self.pid,)).fetchone()
        if found:
            self.blockers = found
            self.tell(f"waits for {', '.join(found)}")
        elif index is not None:
            phase, done, total = index
            self.tell(f"{phase}, {done} of {total} blocks" if total else str(phase))
