"""One run of one task: a process, its log, and the four ways it can end.

The row is what everybody looks at, so the run looks at it too, with every report: whoever stops or deletes the task
writes only the row, and the run finds that the task is no longer its own.
"""

from __future__ import annotations

import asyncio
import json
import logging
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial
from pathlib import Path
from typing import Final

from examples.coding_agents.changes import Changes, Hint
from examples.coding_agents.claim import AGAIN, Claim, Ending, Journal, entry
from examples.coding_agents.documents import LONGEST_MESSAGE, LogEntry, LogType
from examples.coding_agents.lines import Line
from examples.coding_agents.logs import MOST_ENTRIES
from examples.coding_agents.models import MessageRole
from examples.coding_agents.process import Process
from examples.coding_agents.scrub import Scrubber
from freehold.errors import DatabaseError
from freehold.scope import Database

_log: Final = logging.getLogger(__name__)

_TICK_SECONDS: Final = 0.1
_RETRY_SECONDS: Final = 0.5
_MOST_AT_ONCE: Final = 500
_MARKS: Final[dict[str, LogType]] = {"command": "command", "success": "success", "error": "error", "info": "info"}


@dataclass(frozen=True)
class Terms:
    """How tasks are run. All times in seconds, > 0.

    ``command`` gets the task as JSON on its standard input. ``grace``: between SIGTERM and SIGKILL. ``heartbeat``:
    between signs of life; a task that gave none for ``stale`` is taken for dead. ``minute``: the length of the
    minutes of a task's ``max_duration``. ``attempts``: how often a task is begun whose runners die.
    """

    command: Sequence[str]
    grace: float = 5.0
    heartbeat: float = 5.0
    stale: float = 30.0
    minute: float = 60.0
    attempts: int = 3


class Cause(Enum):
    """Why a run is over."""

    EXITED = auto()
    NOT_OURS = auto()
    TIME = auto()
    CLOSING = auto()


@dataclass
class Run:
    """Runs a claimed task to its end with `Run.work`."""

    db: Database
    claim: Claim
    terms: Terms
    changes: Changes
    progress: int = 0
    closing: bool = False
    _kept: int = 0
    _unwritten: list[LogEntry] = field(default_factory=list[LogEntry])
    _replies: list[str] = field(default_factory=list[str])
    _scrubber: Scrubber = field(default_factory=Scrubber)

    async def work(self) -> None:
        """Starts the process, reports on it, and writes how it ended."""
        journal = Journal(self.db, self.claim)
        folder = tempfile.TemporaryDirectory(prefix="task-", ignore_cleanup_errors=True)
        with folder as directory, self.changes.hint(self.claim.key) as hint:
            try:
                self._scrubber = await journal.scrubber()
                given = _description(self.claim, await journal.conversation())
                process = await Process.start(self.terms.command, directory=Path(directory), given=given)
            except OSError:
                _log.exception("the runner's command could not be started")
                await self._end(journal, "error", [], "The runner's command could not be started.")
                return
            try:
                cause = await self._accompany(process, journal, hint)
                await process.finish(self.terms.grace)
                await self._conclude(process, journal, cause)
            finally:
                process.close()
                self.changes.announce(self.claim.key)

    async def _accompany(self, process: Process, journal: Journal, hint: Hint) -> Cause:
        """Copies output to the log until there is a reason to end."""
        deadline = time.monotonic() + self.claim.max_duration * self.terms.minute
        reported = 0.0
        while True:
            entries = self._entries(process.take(_MOST_AT_ONCE))
            hinted = hint.is_set()
            hint.clear()
            if entries or hinted or time.monotonic() - reported >= self.terms.heartbeat:
                if not await self._report(journal, entries):
                    return Cause.NOT_OURS
                reported = time.monotonic()
                if entries:
                    self._tell(hint)
            if self.closing:
                return Cause.CLOSING
            if process.exit_code is not None:
                return Cause.EXITED
            if time.monotonic() >= deadline:
                return Cause.TIME
            await asyncio.sleep(_TICK_SECONDS)

    def _tell(self, own: Hint) -> None:
        """Announces what this run wrote to everybody else."""
        was_set = own.is_set()
        self.changes.announce(self.claim.key)
        if not was_set:
            own.clear()

    async def _conclude(self, process: Process, journal: Journal, cause: Cause) -> None:
        async for lines in process.remaining(_MOST_AT_ONCE):
            entries = self._entries(lines)
            if cause is Cause.NOT_OURS:
                self._unwritten += entries
            elif entries and not await self._report(journal, entries):
                cause = Cause.NOT_OURS
        if cause is Cause.NOT_OURS:
            last = [*self._unwritten, entry("info", "The task was stopped by its user.")]
            await self._insist(partial(journal.acknowledge_stop, last))
        elif cause is Cause.CLOSING:
            if not await self._insist(partial(journal.give_back, [entry("info", AGAIN)])):
                await self._insist(partial(journal.acknowledge_stop, []))
        elif cause is Cause.TIME:
            text = f"The task was ended: it took longer than {self.claim.max_duration} minutes."
            await self._end(journal, "error", [entry("error", text)], text)
        elif process.exit_code == 0:
            self.progress = 100
            await self._end(journal, "completed", [], None)
        else:
            text = f"The agent failed: {_exit(process.exit_code)}."
            await self._end(journal, "error", [entry("error", text)], text)

    async def _report(self, journal: Journal, entries: list[LogEntry]) -> bool:
        """Writes ``entries``, which are kept for the end if the task is not this run's any more."""
        replies, self._replies = self._replies, []
        written = await self._insist(partial(journal.report, entries, self.progress, replies))
        if not written:
            self._unwritten = entries
        return written

    async def _end(self, journal: Journal, status: Ending, entries: list[LogEntry], error: str | None) -> None:
        if not await self._insist(partial(journal.end, status, entries, self.progress, error)):
            await self._insist(partial(journal.acknowledge_stop, entries))

    async def _insist(self, write: Callable[[], Awaitable[bool]]) -> bool:
        """Writes; while the database is away the same is tried again, until others must take us for dead."""
        silent_since = time.monotonic()
        while True:
            try:
                return await write()
            except DatabaseError:
                if self.closing or time.monotonic() - silent_since > self.terms.stale:
                    raise
                _log.warning("a report on a task could not be written; trying again", exc_info=True)
            await asyncio.sleep(_RETRY_SECONDS)

    def _entries(self, lines: Sequence[Line]) -> list[LogEntry]:
        found = [each for line in lines if (each := self._entry(line)) is not None]
        room = max(0, MOST_ENTRIES - self._kept)
        self._kept += len(found)
        if len(found) <= room:
            return found
        return [*found[:room], entry("info", f"More than {MOST_ENTRIES} lines: the rest is not kept.")] if room else []

    def _entry(self, line: Line) -> LogEntry | None:
        """A line as it goes into the log; ``::progress 40``, ``::command git clone`` and ``::reply Done`` mean more."""
        type_: LogType = "info" if line.stream == "out" else "error"
        text = self._scrubber.clean(line.text)
        if line.cut and len(text) <= LONGEST_MESSAGE:
            text = text[: -len(text.split()[-1])] if text.split() else ""  # the cut may have gone through a secret
        if text.startswith("::"):
            mark, _, rest = text[2:].partition(" ")
            if mark == "progress" and rest.isdecimal():
                self.progress = min(100, int(rest[:4]))
                return None
            if mark == "reply" and rest.strip():
                self._replies.append(rest.strip())
                text = rest
            if mark in _MARKS:
                type_, text = _MARKS[mark], rest
        text = text.rstrip()
        return entry(type_, text[:LONGEST_MESSAGE]) if text else None


def _description(claim: Claim, conversation: Sequence[tuple[MessageRole, str]]) -> bytes:
    task = {
        "id": claim.key.id,
        "prompt": claim.prompt,
        "repo_url": claim.repo_url,
        "source_branch": claim.source_branch,
        "agent": claim.agent,
        "model": claim.model,
        "attempt": claim.attempt,
        "messages": [{"role": role, "content": content} for role, content in conversation],
    }
    return json.dumps(task).encode()


def _exit(code: int | None) -> str:
    return f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
