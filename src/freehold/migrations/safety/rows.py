"""UPDATE and DELETE: in one statement they lock every row they touch until the whole table is done."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from freehold.migrations.safety.rule import NAME, Finding, Place, SafetyRule
from freehold.migrations.script import Mode

_CHANGED: Final = re.compile(rf"^(?:WITH\b.*?\b)?(?:UPDATE|DELETE FROM)(?: ONLY)? {NAME}", re.IGNORECASE | re.DOTALL)


class Rows(SafetyRule):
    """In batches."""

    name = "rows"
    verbs = ("update", "delete", "with")

    def judge(self, statement: str, place: Place) -> Iterator[Finding]:
        found = _CHANGED.match(statement)
        if found and place.unit.mode is not Mode.BATCHES and not place.new(found[1]):
            yield self.found(
                found[1],
                "Rows are changed in one transaction, which keeps their writers waiting until the last is done.",
                "Let freehold backfill write the revision: it changes them in batches.",
            )
