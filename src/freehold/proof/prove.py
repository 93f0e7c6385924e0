"""The proof: every attack on a clone, then every guard taken away in turn to see that an attack notices."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final, TypeAlias

from sqlalchemy import Table

from freehold.identity import Role
from freehold.proof.attack import Attack, Outcome
from freehold.proof.caller import Caller
from freehold.proof.declared import Declared, declarations
from freehold.proof.guard import Guard, guards_of
from freehold.proof.matrix import Cell, Control, Entry, Gap, Proof, Word
from freehold.proof.reach import ReachAttacks
from freehold.proof.relation import Relation, Surface, surface
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
    found, declared = surface(admin, callers), declarations(tables)
    seeds = seed(admin, found, _owners(found, declared))
    bypassing = _bypassing(admin)
    furnish(admin, sorted({relation.owner for relation in found.relations} - bypassing))
    _analyzed(admin)
    findings, stage = _Findings(), Stage(login)
    findings.gaps += _gaps(found, seeds, declared, bypassing)
    places = [table for table in found.tables if table.full_name not in seeds.failed]
    total = len(found.relations) + len(found.routines)
    for number, table in enumerate(places):
        report(table.full_name, number, total)
        attacks = TableAttacks(table, seeds, found, declared.get(table.full_name), admin, callers)
        _prove_table(stage, table, [each for each in attacks.all() if _possible(each, table, bypassing)], findings)
    _prove_reach(stage, ReachAttacks(found, seeds, callers), found, findings, report)
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


def _gaps(found: Surface, seeds: Seeds, declared: Mapping[str, Declared], bypassing: set[str]) -> Iterable[Gap]:
    for name, reason in seeds.failed.items():
        yield Gap(name, reason)
    for name in declared.keys() - found.by_name.keys():
        yield Gap(name, "a model declares it, and the database does not have it")
    for table in found.tables:
        if table.owner in bypassing:
            yield Gap(table.full_name, f"its owner {table.owner} bypasses row security, which FORCE cannot stop")


def _possible(attack: Attack, table: Relation, bypassing: set[str]) -> bool:
    return not (attack.session.as_owner and table.owner in bypassing)


def _prove_table(stage: Stage, table: Relation, attacks: Sequence[Attack], findings: _Findings) -> None:
    with stage.open():
        tried = [Tried(attack, stage.attempt(attack, table.owner)) for attack in attacks]
        _open_up(stage, tried, table.owner)
        findings.untested += [guard for guard in guards_of(table) if not _tested(stage, guard, tried, table.owner)]
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
    return noticed


def _prove_reach(stage: Stage, attacks: ReachAttacks, found: Surface, findings: _Findings, report: Report) -> None:
    views = [relation for relation in found.relations if relation.kind == "view"]
    named = [("view", view.full_name, list(attacks.view(view))) for view in views]
    named += [("function", each.full_name, list(attacks.routine(each))) for each in found.routines]
    total = len(found.relations) + len(found.routines)
    for number, (kind, name, made) in enumerate(named, start=len(found.tables)):
        report(name, number, total)
        with stage.open():
            tried = [Tried(attack, stage.attempt(attack, None)) for attack in made]
            _open_up(stage, tried, None)
        for each in tried:
            if each.control == "failed":
                each.control = "untested"
        if not tried or all(each.outcome.how == "error" and each.outcome.sqlstate != "42501" for each in tried):
            findings.gaps.append(Gap(name, "no call of it succeeded with the arguments that were tried"))
        elif kind == "view" and all(each.control == "untested" for each in tried):
            findings.gaps.append(Gap(name, "nothing in it was seen to depend on the rows that were made"))
        findings.entries += _entries(tried, kind)


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
