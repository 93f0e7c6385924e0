"""DISABLE and NO FORCE ROW LEVEL SECURITY: nobody's rows are kept apart any more, or not from the owner."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from freehold.migrations.safety.rule import Finding, Permit, Place, SafetyRule, altered

_LIFTED: Final = re.compile(r"\b(?:DISABLE|NO FORCE) ROW LEVEL SECURITY", re.IGNORECASE)


class RowSecurity(SafetyRule):
    """Enabled and forced, always."""

    name = "row-security"
    verbs = ("alter table",)
    permit = Permit.SIGN_OFF

    def judge(self, statement: str, place: Place) -> Iterator[Finding]:
        table = altered(statement)
        if table and _LIFTED.search(statement):
            yield self.found(table, "Row security is lifted.", "Change the policies instead.")
