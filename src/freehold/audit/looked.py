"""What an audit is asked for, and what it has seen so far: findings of every surface, and gaps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from freehold.audit.adopted import table_of_subject
from freehold.audit.catalog import Catalog
from freehold.audit.declared import Declared
from freehold.audit.definer import Definers
from freehold.audit.finding import Finding
from freehold.audit.found import Found, Gap, Place, Surface
from freehold.audit.matrix import Matrix
from freehold.audit.rule import Rule
from freehold.catalog import Snapshot
from freehold.errors import FreeholdError
from freehold.settings import Settings

Seen = tuple[Rule[Any], Found]
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Request:
    """What to look at. ``pgrls``: whether to ask it too; ``matrix``: the file of a proof."""

    settings: Settings
    surfaces: frozenset[Surface]
    sources: tuple[Path, ...] = ()
    matrix: Path | None = None
    pgrls: bool = True


@dataclass
class Looked:
    """What was found, and what was not looked at."""

    seen: dict[tuple[str, str, str], Finding] = field(default_factory=dict[tuple[str, str, str], Finding])
    gaps: list[Gap] = field(default_factory=list[Gap])
    targets: list[str] = field(default_factory=list[str])
    catalog: Catalog | None = None
    declared: Snapshot | None = None
    definers: Definers = field(default_factory=Definers)
    secrets: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    models: tuple[Declared, ...] = ()
    matrix: Matrix | None = None
    accepted: list[tuple[Finding, str]] = field(default_factory=list[tuple[Finding, str]])

    def add(self, seen: Sequence[Seen], surface: Surface) -> None:
        """Findings of one surface; one that another surface has already is the same finding, seen twice."""
        for rule, each in seen:
            identity = (rule.id, each.subject, each.key)
            before = self.seen.get(identity)
            surfaces = (*(before.surfaces if before else ()), surface)
            placed = each if each.place else replace(each, place=self._place(each.subject, before))
            self.seen[identity] = Finding(rule, placed, tuple(dict.fromkeys(surfaces)))

    def gap(self, what: str, why: str, remedy: str, *, needed: bool = True) -> None:
        """Something was not looked at."""
        gap = Gap(what, why, remedy, needed)
        if gap not in self.gaps:
            self.gaps.append(gap)

    def failed(self, rule: Rule[Any], error: Exception) -> None:
        """A rule could not judge what is there: a defect, and a gap."""
        self.gap(
            f"{rule.id} {rule.title}", f"the rule failed on what is there ({type(error).__name__})", "report it, please"
        )

    def missed(self, what: str, error: FreeholdError, *, needed: bool = True) -> None:
        """Something was not looked at because of an error."""
        self.gap(
            what,
            f"{error.code}: {error.message.rstrip('.')}",
            (error.hint or "see its page").splitlines()[0],
            needed=needed,
        )

    def _place(self, subject: str, before: Finding | None) -> Place | None:
        if before is not None and before.found.place:
            return before.found.place
        table = table_of_subject(subject)
        return next((model.place for model in self.models if model.name == table), None)
