"""SET NOT NULL: the table is read through while nobody can use it, unless a valid CHECK has said so before."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from freehold.migrations.safety.rule import NAME, Finding, Place, SafetyRule, altered

_SET: Final = re.compile(rf"\bALTER (?:COLUMN )?{NAME} SET NOT NULL", re.IGNORECASE)


class NotNull(SafetyRule):
    """CHECK (... IS NOT NULL) NOT VALID, VALIDATE, then SET NOT NULL."""

    name = "not-null"
    verbs = ("alter table",)

    def judge(self, statement: str, place: Place) -> Iterator[Finding]:
        table, found = altered(statement), _SET.search(statement)
        if not table or found is None or place.new(table):
            return
        column = re.escape(found[1].replace('"', ""))
        checked = re.compile(rf'CHECK \("?{column}"? IS NOT NULL\) NOT VALID', re.IGNORECASE)
        validated = any("validate constraint" in each.lower() for each in place.earlier)
        if not validated or not any(checked.search(each) for each in place.earlier):
            yield self.found(
                table,
                "The table is read through while nobody can use it.",
                f"First ADD CONSTRAINT ... CHECK ({found[1]} IS NOT NULL) NOT VALID, then VALIDATE it in a unit of its own.",
            )
