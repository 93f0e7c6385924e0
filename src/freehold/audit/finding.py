"""A finding: a rule, what it found, and every surface it was seen on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from freehold.audit.found import Found, Severity, Surface
from freehold.audit.rule import Rule


@dataclass(frozen=True)
class Finding:
    """A rule and what it found, with every surface it was seen on."""

    rule: Rule[Any]
    found: Found
    surfaces: tuple[Surface, ...]

    @property
    def severity(self) -> Severity:
        """The rule's, unless what was found says otherwise."""
        return self.found.severity or self.rule.severity

    @property
    def fingerprint(self) -> str:
        """The same for the same finding in every run, wherever lines have moved."""
        identity = f"{self.rule.id}\0{self.found.subject}\0{self.found.key}"
        return hashlib.sha256(identity.encode()).hexdigest()[:16]

    @property
    def order(self) -> tuple[object, ...]:
        """Worst first, then by rule and subject."""
        return self.severity.rank, self.rule.id, self.found.subject, self.found.key
