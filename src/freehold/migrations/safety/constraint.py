"""CHECK and FOREIGN KEY: added NOT VALID they hold for new rows at once; the old ones are read in a unit of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from freehold.migrations.safety.rule import NAME, Finding, Place, SafetyRule, altered

_ADDED: Final = re.compile(rf"\bADD (?:CONSTRAINT {NAME} )?(?:CHECK|FOREIGN KEY)\b", re.IGNORECASE)
_VALIDATED: Final = re.compile(rf"\bVALIDATE CONSTRAINT {NAME}", re.IGNORECASE)


class Constraint(SafetyRule):
    """NOT VALID, and later VALIDATE."""

    name = "constraint"
    verbs = ("alter table",)

    def judge(self, statement: str, place: Place) -> Iterator[Finding]:
        table = altered(statement)
        if not table or place.new(table):
            return
        if _ADDED.search(statement) and not statement.upper().rstrip().endswith("NOT VALID"):
            yield self.found(
                table,
                "The table is read through while nobody can write to it.",
                "Add the constraint NOT VALID, and VALIDATE CONSTRAINT in a unit of its own.",
            )
        validated = _VALIDATED.search(statement)
        added = f"add constraint {validated[1]} ".lower() if validated else ""
        if validated and any(added in each.lower() for each in place.unit.statements):
            yield self.found(
                table,
                "Validated in the transaction that adds it, the constraint keeps its lock while the table is read.",
                "Put VALIDATE CONSTRAINT into a unit of its own.",
            )
