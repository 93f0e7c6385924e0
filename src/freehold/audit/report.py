"""The report of an audit, in five parts: findings, patch plan, files to change, security notes, verification steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from freehold.audit.baseline import Baseline
from freehold.audit.catalog import Catalog
from freehold.audit.finding import Finding
from freehold.audit.found import Gap, Severity, Surface
from freehold.audit.looked import Looked
from freehold.audit.matrix import Matrix


@dataclass(frozen=True)
class Step:
    """One step of the patch plan: what to do, for which findings. ``where``: who runs it, or where it is.

    ``sql`` runs as the tables' owner, by hand or in a migration, unless ``where`` says otherwise.
    """

    title: str
    findings: tuple[Finding, ...]
    sql: tuple[str, ...]
    python: str
    where: str


@dataclass(frozen=True)
class Verification:
    """How to see that it is mended: SQL that answers true, or a command that ends with 0."""

    label: str
    text: str
    sql: bool


@dataclass(frozen=True)
class Report:
    """What was found, new or accepted before, and what was not looked at. ``seconds``: how long it took."""

    findings: tuple[Finding, ...]
    accepted: tuple[tuple[Finding, str], ...]
    gaps: tuple[Gap, ...]
    targets: tuple[str, ...]
    surfaces: tuple[Surface, ...]
    seconds: float
    catalog: Catalog | None = field(default=None, repr=False)
    matrix: Matrix | None = field(default=None, repr=False)

    @classmethod
    def of(
        cls, looked: Looked, surfaces: Sequence[Surface], seconds: float, baseline: Baseline | None = None
    ) -> Report:
        """The report of what was looked at; what ``baseline`` knows is accepted."""
        every = sorted(looked.seen.values(), key=lambda finding: finding.order)
        known: Mapping[str, str] = baseline.reasons if baseline else {}
        kept = [(each, known[each.fingerprint]) for each in every if each.fingerprint in known]
        return cls(
            tuple(each for each in every if each.fingerprint not in known),
            (*kept, *looked.accepted),
            tuple(looked.gaps),
            tuple(looked.targets),
            tuple(surfaces),
            seconds,
            looked.catalog,
            looked.matrix,
        )

    @property
    def complete(self) -> bool:
        """Whether everything was looked at that has to be."""
        return not any(gap.needed for gap in self.gaps)

    def worst(self, threshold: Severity) -> bool:
        """Whether a finding is ``threshold`` or worse."""
        return any(each.severity.reaches(threshold) for each in self.findings)

    def count(self, severity: Severity) -> int:
        """How many findings are of one severity."""
        return sum(each.severity is severity for each in self.findings)

    @property
    def verdict(self) -> str:
        """One line: what there is, and whether it may be called clean."""
        counts = [
            f"{self.count(each)} {each.value}{'s' * (self.count(each) != 1)}" for each in Severity if self.count(each)
        ]
        if counts:
            return ", ".join(counts)
        return "Nothing found." if self.complete else "Nothing found where it was looked; not everything was."

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The patch plan: errors first, then by rule; a fix that another step holds already is part of that step."""
        grouped: dict[tuple[str, ...], list[Finding]] = {}
        for each in self.findings:
            fix = each.found.fix
            key = fix.sql or (each.rule.id, fix.python)
            holder = next((held for held in grouped if fix.sql and set(fix.sql) <= set(held)), key)
            grouped.setdefault(holder, []).append(each)
        return tuple(_step(tuple(findings)) for findings in grouped.values())

    @cached_property
    def files(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Files to change, each with the rules that ask for it."""
        found: dict[str, list[str]] = {}
        for each in self.findings:
            for file in _files(each):
                found.setdefault(file, []).append(each.rule.id)
        return tuple((file, tuple(dict.fromkeys(what))) for file, what in sorted(found.items()))

    @property
    def notes(self) -> Iterator[tuple[str, str]]:
        """Security notes: why each rule that was broken matters, and what is accepted."""
        rules = {each.rule.id: each.rule for each in self.findings}
        for rule in rules.values():
            yield f"{rule.id} {rule.title}", rule.why
        for each, reason in self.accepted:
            yield f"{each.rule.id} {each.found.subject}", f"Accepted: {reason}"

    @cached_property
    def verification(self) -> tuple[Verification, ...]:
        """How to see that it is mended."""
        sql = [
            Verification(f"{each.rule.id} {each.found.subject}", f"{each.found.verify};", sql=True)
            for each in self.findings
            if each.found.verify
        ]
        head = [Verification("names as the audit reads them", "SET search_path = '';", sql=True)] if sql else []
        surface = self.surfaces[0].value if len(self.surfaces) == 1 else "all"
        return (*head, *sql, Verification("everything again", f"freehold audit {surface}", sql=False))


def _step(findings: tuple[Finding, ...]) -> Step:
    first = findings[0]
    fix = first.found.fix
    if fix.sql:
        where = "as a superuser" if fix.superuser else "as the owner"
    else:
        where = str(first.found.place) if first.found.place else "by hand"
    return Step(first.rule.title, findings, fix.sql, fix.python, where)


def _files(finding: Finding) -> Iterator[str]:
    if finding.found.place is not None:
        yield finding.found.place.file
    if finding.found.fix.sql and not finding.found.fix.superuser:
        yield "migrations/ (a new revision)"
