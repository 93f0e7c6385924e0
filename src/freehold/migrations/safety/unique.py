"""UNIQUE, PRIMARY KEY and EXCLUDE: their index is built while nobody can use the table, unless it is there already."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from freehold.migrations.safety.rule import NAME, Finding, Place, SafetyRule, altered

_ADDED: Final = re.compile(rf"\bADD (?:CONSTRAINT {NAME} )?(UNIQUE|PRIMARY KEY|EXCLUDE)\b", re.IGNORECASE)


class Unique(SafetyRule):
    """CREATE UNIQUE INDEX CONCURRENTLY, then ADD CONSTRAINT ... USING INDEX."""

    name = "unique"
    verbs = ("alter table",)

    def judge(self, statement: str, place: Place) -> Iterator[Finding]:
        table, found = altered(statement), _ADDED.search(statement)
        if table and found and not place.new(table) and " USING INDEX " not in statement.upper():
            yield self.found(
                table,
                "The index behind the constraint is built while nobody can use the table.",
                f"CREATE UNIQUE INDEX CONCURRENTLY in a unit of its own, then ADD CONSTRAINT ... {found[2]} USING INDEX.",
            )
