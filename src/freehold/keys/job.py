"""A job over the rows of a column: pages in the order of the key, its place kept in the database with each page.

A job that was stopped goes on where it was; what a writer has changed meanwhile is left to the next pass.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from freehold.encryption import Place, loaded
from freehold.errors import FreeholdError
from freehold.keys.column import SealedColumn
from freehold.keys.session import KeySession

PAGE: Final = 1000
_SAMPLE: Final = 10
_PASSES: Final = 5
_PLACE: Final = "SELECT after, done FROM public.key_progress WHERE job = %s"
_KEEP: Final = """
INSERT INTO public.key_progress (job, after, done) VALUES (%s, %s, %s)
ON CONFLICT (job) DO UPDATE SET after = excluded.after, done = excluded.done, updated_at = now()
"""
_DROP: Final = "DELETE FROM public.key_progress WHERE job = %s"


@dataclass(frozen=True)
class Progress:
    """How far a job is; ``left``: seconds, or None while nothing is known."""

    job: str
    done: int
    total: int
    left: float | None


Report = Callable[[Progress], None]


@dataclass
class Outcome:
    """What came of a job: values sealed anew, and rows whose value could not be opened, of which some are named."""

    job: str
    total: int = 0
    sealed: int = 0
    failed: int = 0
    rows: list[str] = field(default_factory=list[str])


@dataclass(frozen=True)
class Job:
    """Seals anew the values of a column that meet ``condition``, an SQL expression with ``values`` for its parameters."""

    name: str
    column: SealedColumn
    place: Place
    condition: str
    values: tuple[Any, ...] = ()

    def total(self, session: KeySession) -> int:
        """How many values there are to do."""
        return int(session.rows(self.column.count(self.condition), self.values)[0][0])

    def run(self, session: KeySession, report: Report | None = None) -> Outcome:
        """Does it, in passes: values that writers replaced under an old key meanwhile are done in the next one."""
        session.alone(self.name)
        outcome = Outcome(self.name, self.total(session))
        for _ in range(_PASSES):
            outcome.failed, outcome.rows = 0, []
            self._pass(session, outcome, report)
            if self.total(session) <= outcome.failed:
                break
        return outcome

    def _pass(self, session: KeySession, outcome: Outcome, report: Report | None) -> None:
        found = session.rows(_PLACE, (self.name,))
        after, before = (tuple(found[0][0]), int(found[0][1])) if found else ((), 0)
        outcome.total += before if not outcome.sealed else 0
        begun, done = time.monotonic(), before
        while rows := session.rows(self.column.page(self.condition, after=bool(after)), (*self.values, *after, PAGE)):
            after, done = rows[-1][:2], done + len(rows)
            with session.connection.transaction():
                outcome.sealed += self._seal(session, rows, outcome)
                session.connection.execute(_KEEP.encode(), (self.name, json.dumps(after), done))
            if report is not None:
                spent = (time.monotonic() - begun) / max(1, done - before)
                report(Progress(self.name, done, max(done, outcome.total), spent * max(0, outcome.total - done)))
        session.connection.execute(_DROP.encode(), (self.name,))

    def _seal(self, session: KeySession, rows: Sequence[tuple[Any, ...]], outcome: Outcome) -> int:
        """Replaces the values of a page, each only if it is still what was read; how many that were."""
        owned = self.column.owned
        session.learn(row[0] for row in rows if owned)
        new = list(self._sealed(session, rows, outcome))
        if not new:
            return 0
        arguments = [list(each) for each in zip(*new, strict=True)]
        return session.connection.execute(self.column.swap.encode(), arguments).rowcount

    def _sealed(
        self, session: KeySession, rows: Sequence[tuple[Any, ...]], outcome: Outcome
    ) -> Iterator[tuple[str, str, str, str, str | None]]:
        chain, place = session.chain, self.place
        for owner, row, text in rows:
            whose = owner if self.column.owned else ""
            try:
                data = place.codec.dump(loaded(text, whose, row, place, chain).reveal())
            except FreeholdError:
                outcome.failed += 1
                if len(outcome.rows) < _SAMPLE:
                    outcome.rows.append(f"{self.column.name} {owner} {row}")
                continue
            key = chain.sealing(whose)
            blind = key.blind(data, place.table, place.column, whose) if place.indexed else None
            yield owner, row, text, key.seal(data, place.table, place.column, whose, row), blind
