"""The proof: every attack on a clone, then every guard taken away in turn to see that an attack notices."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final, TypeAlias

from sqlalchemy import Table

from freehold.identity import Role
from freehold.models import DefinerFunction
from freehold.proof.attack import Attack, Outcome
from freehold.proof.caller import Caller
from freehold.proof.declared import Declared, declarations, functions
from freehold.proof.guard import Guard, execution, guards_of
from freehold.proof.matrix import Cell, Control, Entry, Gap, Proof, Word
from freehold.proof.reach import Arguments, ReachAttacks, sessions
from freehold.proof.relation import Relation, Routine, Surface, surface
from freehold.proof.seed import Seeds, seed
from freehold.proof.stage import Stage, furnish
from freehold.proof.table import TableAttacks
from freehold.wire import Connection, translated

Report: TypeAlias = Callable[[str, int, int], None]
"""Told what is looked at, how many of how many."""

_STRENGTH: Final = {"rows": 0, "zero_rows": 1, "error": 2}


def silent(name: str, done: int, total: int) -> None:
    """Reports nothing."""


@dataclass
class Tried:
    """An attack, what it did, and whether its control worked."""

    attack: Attack
    outcome: Outcome
    control: Control = "untested"

    @property
    def expected(self) -> bool:
        """What is declared; where nothing is, what was found."""
        return self.outcome.reached if self.attack.expected is None else self.attack.expected


@dataclass
class _Findings:
    entries: list[Entry] = field(default_factory=list[Entry])
    untested: list[Guard] = field(default_factory=list[Guard])
    gaps: list[Gap] = field(default_factory=list[Gap])


def prove(admin: Connection, login: Connection, tables: Sequence[Table], report: Report = silent) -> Proof:
    """Attacks the database that both connections are in, which must be a clone: it gets rows and a schema of its own.

    ``admin``: a superuser's. ``login``: the application's. ``tables``: what the models declare. Raises `DatabaseError`.
    """
    begun = time.monotonic()
    callers = (Role.ANON.value, Role.AUTHENTICATED.value, login.info.user)
    definers = functions(tables)
    found, declared = surface(admin, callers, definers), declarations(tables)
    seeds = seed(admin, found, _owners(found, declared))
    bypassing = _bypassing(admin)
    furnish(admin, sorted({relation.owner for relation in found.relations} - bypassing))
    _analyzed(admin)
    findings, stage = _Findings(), Stage(login)
    findings.gaps += _gaps(found, seeds, {**declared, **definers}, bypassing)
    places = [table for table in found.tables if table.full_name not in seeds.failed]
    total = len(found.relations) + len(found.routines)
    for number, table in enumerate(places):
        report(table.full_name, number, total)
        attacks = TableAttacks(table, seeds, found, declared.get(table.full_name), admin, callers)
        made = [each for each in attacks.all() if _possible(each, table, bypassing)]
        _prove_table(stage, table, made, guards_of(table, callers), findings)
    reach = _Reach(stage, ReachAttacks(found, seeds, callers, declared), findings)
    for number, view in enumerate(found.views, start=len(found.tables)):
        report(view.full_name, number, total)
        reach.view(view)
    for number, routine in enumerate(found.routines, start=len(found.relations)):
        report(routine.full_name, number, total)
        reach.routine(routine, definers.get(routine.declared or ""))
    version = login.info.parameter_status("server_version") or "?"
    return Proof(
        server=version.split()[0],
        seconds=time.monotonic() - begun,
        attempts=stage.attempts,
        entries=tuple(findings.entries),
        untested_policies=tuple(each.name for each in findings.untested if each.kind == "policy"),
        untested_guards=tuple(each.name for each in findings.untested if each.kind != "policy"),
        gaps=tuple(findings.gaps),
    )


def _owners(found: Surface, declared: Mapping[str, Declared]) -> dict[str, str | None]:
    owners = dict[str, str | None]()
    for table in found.tables:
        declaration = declared.get(table.full_name)
        owners[table.full_name] = declaration.owner if declaration else table.guessed_owner
    return owners


def _bypassing(admin: Connection) -> set[str]:
    with translated():
        rows = admin.execute(b"select rolname::text from pg_catalog.pg_roles where rolsuper or rolbypassrls").fetchall()
    return {str(row[0]) for row in rows}


def _analyzed(admin: Connection) -> None:
    """Settles what planning would otherwise find out again and again."""
    with translated():
        admin.execute(b"ANALYZE")


def _gaps(found: Surface, seeds: Seeds, declared: Iterable[str], bypassing: set[str]) -> Iterable[Gap]:
    for name, reason in seeds.failed.items():
        yield Gap(name, reason)
    for name in sorted(set(declared) - found.by_name.keys() - {each.declared for each in found.routines}):
        yield Gap(name, "a model declares it, and the database does not have it")
    for table in found.tables:
        if table.owner in bypassing:
            yield Gap(table.full_name, f"its owner {table.owner} bypasses row security, which FORCE cannot stop")


def _possible(attack: Attack, table: Relation, bypassing: set[str]) -> bool:
    return not (attack.session.as_owner and table.owner in bypassing)


def _prove_table(
    stage: Stage, table: Relation, attacks: Sequence[Attack], guards: Iterable[Guard], findings: _Findings
) -> None:
    with stage.open():
        tried = [Tried(attack, stage.attempt(attack, table.owner)) for attack in attacks]
        _open_up(stage, tried, table.owner)
        findings.untested += [guard for guard in guards if not _tested(stage, guard, tried, table.owner)]
    findings.entries += _entries(tried, table.kind)


def _open_up(stage: Stage, tried: Iterable[Tried], owner: str | None) -> None:
    """The control of a denial: the same statement gets through once its guards are gone."""
    for each in tried:
        if not each.outcome.reached:
            opened = stage.attempt(each.attack, owner, each.attack.opening)
            each.control = "passed" if opened.reached else "failed"


def _tested(stage: Stage, guard: Guard, tried: Sequence[Tried], owner: str | None) -> bool:
    """Whether taking ``guard`` away changes something; it is the control of what it stops."""
    noticed = False
    for each in tried:
        if each.outcome.reached is not guard.admits or not guard.concerns(each.attack):
            continue
        if noticed and (not guard.admits or each.control == "passed"):
            continue
        if stage.attempt(each.attack, owner, guard.removal).reached is not each.outcome.reached:
            noticed = True
            each.control = "passed"
    return noticed or (bool(guard.behind) and _tested_behind(stage, guard, tried, owner))


def _tested_behind(stage: Stage, guard: Guard, tried: Sequence[Tried], owner: str | None) -> bool:
    """Whether it changes something once what stands before it is gone."""
    for each in tried:
        if guard.concerns(each.attack):
            before = stage.attempt(each.attack, owner, guard.behind)
            after = stage.attempt(each.attack, owner, f"{guard.behind}; {guard.removal}")
            if (before.reached, after.reached) == (guard.admits, not guard.admits):
                return True
    return False


@dataclass(frozen=True)
class _Reach:
    """The proof of views and functions."""

    stage: Stage
    attacks: ReachAttacks
    findings: _Findings

    def view(self, view: Relation) -> None:
        """A view; it is not proven where nothing was seen to be in it."""
        tried = self._tried(self.attacks.view(view), "view")
        if all(each.control == "untested" for each in tried):
            self._gap(view.full_name, "nothing in it was seen to depend on the rows that were made")

    def routine(self, routine: Routine, definer: DefinerFunction | None) -> None:
        """A function; if a model declares it, it must do what it is for, and for nobody else."""
        used = self._used(routine, definer.to.value) if definer else ()
        shown = self.attacks.shown(routine, used) if used else ()
        tried = self._tried(self.attacks.routine(routine, used or ()), "function", shown=shown)
        if definer:
            to = definer.to.value
            made = [self.attacks.use(routine, to, each, used) for each in sessions()] if used else []
            made += [self.attacks.privilege(routine, to, each) for each in sessions()]
            self._tried(made, "function", guard=execution(routine, to))
        if used is None or (not used and all(_stopped(each.outcome) for each in tried)):
            self._gap(routine.full_name, "no call of it succeeded with the arguments that were tried")

    def _used(self, routine: Routine, to: str) -> Arguments | None:
        """The arguments with which a function works for ``to``, were it granted; None if there are none."""
        callers = [each for each in sessions() if each.role == to]
        with self.stage.open():
            for arguments in self.attacks.uses(routine) if callers else ():
                uses = [self.attacks.use(routine, to, each, arguments) for each in callers]
                if any(self.stage.attempt(each, None, each.opening).reached for each in uses):
                    return arguments
        return None if callers else ()

    def _tried(
        self, attacks: Iterable[Attack], kind: str, *, shown: Iterable[Attack] = (), guard: Guard | None = None
    ) -> list[Tried]:
        """What stops a call may be the function itself: its control is then one that it lets through.

        ``shown``: further attacks which it should let through.
        """
        with self.stage.open():
            tried = [Tried(attack, self.stage.attempt(attack, None)) for attack in attacks]
            _open_up(self.stage, tried, None)
            if guard is not None and not _tested(self.stage, guard, tried, None):
                self.findings.untested.append(guard)
            noticed = {each.attack.what for each in tried if each.outcome.reached and kind == "function"}
            noticed |= {each.what for each in shown if self.stage.attempt(each, None, each.opening).reached}
        for each in tried:
            if each.control == "failed":
                each.control = "passed" if each.attack.what in noticed else "untested"
        self.findings.entries += _entries(tried, kind)
        return tried

    def _gap(self, name: str, reason: str) -> None:
        self.findings.gaps.append(Gap(name, reason))


def _stopped(outcome: Outcome) -> bool:
    return outcome.how == "error" and outcome.sqlstate != "42501"


def _entries(tried: Iterable[Tried], kind: str) -> list[Entry]:
    ordered = sorted(tried, key=lambda each: each.attack.place)
    return [
        Entry(place, kind, tuple(_cells(list(group))))
        for place, group in groupby(ordered, lambda each: each.attack.place)
    ]


def _cells(tried: Sequence[Tried]) -> Iterable[Cell]:
    cells = dict[tuple[str, str, str, Caller], list[Tried]]()
    for each in tried:
        cells.setdefault(each.attack.cell, []).append(each)
    for (_, command, form, caller), group in cells.items():
        wrong = [each for each in group if each.expected is not each.outcome.reached]
        failed = [each for each in group if each.control == "failed"]
        plain = [each for each in group if each.attack.what == group[0].attack.what]
        decisive = (wrong or failed or sorted(plain, key=lambda each: _STRENGTH[each.outcome.how]))[0]
        yield Cell(
            command,
            form,
            caller,
            _word(decisive.expected),
            _word(decisive.outcome.reached),
            decisive.outcome.how,
            decisive.outcome.sqlstate,
            _control(group),
            f"{decisive.attack.what}, {decisive.attack.session.name}",
        )


def _control(group: Sequence[Tried]) -> Control:
    controls = {each.control for each in group}
    return "failed" if "failed" in controls else "untested" if "untested" in controls else "passed"


def _word(reached: bool) -> Word:
    return "allowed" if reached else "denied"
