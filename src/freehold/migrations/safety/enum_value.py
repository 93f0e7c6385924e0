"""ALTER TYPE ADD VALUE: nothing can use the value before it is committed, and it cannot be taken back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from freehold.migrations.safety.rule import NAME, Finding, Place, SafetyRule

_ADDED: Final = re.compile(rf"^ALTER TYPE {NAME} ADD VALUE", re.IGNORECASE)


class EnumValue(SafetyRule):
    """Alone in its unit."""

    name = "enum-value"
    verbs = ("alter type",)

    def judge(self, statement: str, place: Place) -> Iterator[Finding]:
        found = _ADDED.match(statement)
        if found and len(place.unit.statements) > 1:
            yield self.found(
                found[1],
                "The other statements of the unit cannot use the value, and fail if they do.",
                "Put ALTER TYPE ... ADD VALUE IF NOT EXISTS into a unit of its own.",
            )
