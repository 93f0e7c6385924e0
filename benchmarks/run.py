"""A run: every peer checked, then timed in turns, round after round, in one setting after the other."""

from __future__ import annotations

import itertools
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from benchmarks.case import CASES, CONNECTIONS, CROWD, KEPT, Case, Setting
from benchmarks.server import Server
from benchmarks.statistic import Results, Slice
from benchmarks.subject import PeerError, Subject
from benchmarks.workload import ROWS_EACH, USERS, Job, job, jobs, newest, plain, row, task_id

_BULK_ROUNDS: Final = {"insert10000": 3, "stream": 1, "slow": 2}
_IMPORT_ROUNDS: Final = 7
_SLICES: Final = {(0, 1): 0.05, (0, CROWD): 0.08, (1, 1): 0.08, (1, CROWD): 0.08, (0, KEPT): 0.08}
_SLOW_SECONDS: Final = 3.0  # the slow ones queue: it takes a while until all callers have met them
_WARM: Final = {(0, 1): 0.15}
_WARM_CALLS: Final = 12
_CHECKED: Final = "Written to be checked"
_CHECKED_USERS: Final = (0, 7, 420)
_IMPORTS: Final = {
    "freehold": "import freehold; freehold.Database, freehold.Model",
    "sqlalchemy_psycopg": "import sqlalchemy, psycopg",
}


@dataclass
class Run:
    """The peers of a run, on one server."""

    server: Server
    subjects: Sequence[Subject]
    rounds: int
    say: Callable[[str], None]

    def measure(self, cases: Sequence[Case]) -> Results:
        """Everything; settings with the same network delay come together, because connections are opened for them."""
        results = Results()
        settings = [setting for case in cases if case.name != "import" for setting in case.settings()]
        settings.sort(key=_order)
        for (last, delay), group in itertools.groupby(settings, _order):
            if last:
                for subject in self.subjects:
                    subject.renew()
            self._open(delay)
            for case, each in itertools.groupby(list(group), lambda setting: CASES[setting.case]):
                self._case(case, list(each), results)
            for subject in self.subjects:
                subject.tell("close")
        if any(case.name == "import" for case in cases):
            _imports(results)
        return results

    def _open(self, delay: float) -> None:
        for subject in self.subjects:
            where = self.server.where(delay, scoped=subject.scoped)
            subject.tell("open", where=where.message(), connections=CONNECTIONS)

    def _case(self, case: Case, settings: Sequence[Setting], results: Results) -> None:
        subjects = [subject for subject in self.subjects if case.name in subject.cases]
        if case.last:
            self.server.grow(case.rows)
        for subject in subjects:
            self._verify(case, subject)
            subject.tell("jobs", jobs=jobs(case.name))
        for setting in settings:
            begun = time.monotonic()
            self._setting(case, setting, subjects, results)
            if case.writes:
                self.server.tidy()
            delay = f"{setting.rtt_ms:g} ms" if setting.rtt_ms else "direct"
            spent = time.monotonic() - begun
            self.say(f"{case.name:12} {delay:6} {setting.concurrency:3} callers: {len(subjects)} peers, {spent:.1f} s")

    def _setting(self, case: Case, setting: Setting, subjects: Sequence[Subject], results: Results) -> None:
        kind = int(setting.rtt_ms), setting.concurrency
        if case.calls is None:
            for subject in subjects:  # connections prepare their statements, just-in-time compilers compile
                _slice(subject, setting, _WARM.get(kind, 0), _WARM_CALLS + setting.concurrency)
        seconds = 0 if case.calls else _SLOW_SECONDS if case.name == "slow" else _SLICES[kind]
        for number in range(_BULK_ROUNDS.get(case.name, self.rounds)):
            for subject in _turns(subjects, number):
                results.add(setting, subject.name, _slice(subject, setting, seconds, case.calls or 1))
                if case.calls and case.writes:
                    self.server.tidy()

    def _verify(self, case: Case, subject: Subject) -> None:
        """Raises `PeerError` unless the peer gives what the workload says, for several users."""
        if case.name == "slow":
            return  # its rows are those of list20
        for number, user in enumerate((USERS - 1,) if case.writes else _CHECKED_USERS):
            asked = replace(job(user, number), title=_CHECKED)
            given = subject.tell("verify", case=case.name, job=vars(asked))["given"]
            problem = self._problem(case, user, asked, given)
            if problem:
                raise PeerError(f"{subject.name} gives wrong rows for {case.name}: {problem}")
        if case.writes:
            self.server.tidy()

    def _problem(self, case: Case, user: int, asked: Job, given: Any) -> str | None:
        if case.name == "insert10000":
            written = self.server.count_like("Written in bulk%")
            return None if written == case.rows else f"{written} rows arrived"
        if case.writes:
            return self._unwritten(asked, given)
        expected = ROWS_EACH if case.name == "stream" else _expected(case, user, asked)
        return None if given == expected else f"expected {expected}, got {given}"

    def _unwritten(self, asked: Job, given: Any) -> str | None:
        if given is not None and given[1:3] != [asked.user, asked.title]:
            return f"got {given}"
        found = self.server.count_like(asked.title)
        self.server.retitle(asked.title)
        return None if found == 1 else f"{found} rows were written"


def _order(setting: Setting) -> tuple[bool, float]:
    return CASES[setting.case].last, setting.rtt_ms


def _expected(case: Case, user: int, asked: Job) -> Any:
    listed = [plain(each) for each in newest(user)]
    place = next(place for place in range(ROWS_EACH) if str(task_id(user, place)) == asked.id)
    one = plain(row(user, place))
    return {"list20": listed, "http_list": listed, "point": one, "batch3": [listed, one, ROWS_EACH]}[case.name]


def _turns(subjects: Sequence[Subject], number: int) -> Iterator[Subject]:
    """The peers in an order that changes from round to round, so that none always follows the same one."""
    shift = number * 5 % len(subjects)
    order = [*subjects[shift:], *subjects[:shift]]
    yield from order if number % 2 == 0 else reversed(order)


def _slice(subject: Subject, setting: Setting, seconds: float, calls: int) -> Slice:
    answer = subject.tell("measure", case=setting.case, concurrency=setting.concurrency, seconds=seconds, calls=calls)
    return Slice(answer["samples"], answer["elapsed"], answer.get("memory"))


def _imports(results: Results) -> None:
    setting = Setting("import", 0, 1)
    for program in _IMPORTS.values():
        subprocess.run([sys.executable, "-c", program], check=True)
    for _ in range(_IMPORT_ROUNDS):
        for peer, program in _IMPORTS.items():
            begun = time.perf_counter_ns()
            subprocess.run([sys.executable, "-c", program], check=True)
            spent = time.perf_counter_ns() - begun
            results.add(setting, peer, Slice([spent], spent))
