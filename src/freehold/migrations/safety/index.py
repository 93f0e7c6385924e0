"""CREATE and DROP INDEX: CONCURRENTLY, in a unit of its own, unless the table is as new."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from freehold.migrations.safety.rule import NAME, Finding, Place, SafetyRule
from freehold.migrations.script import Mode

_INDEX: Final = re.compile(
    rf"^(CREATE(?: UNIQUE)?|DROP) INDEX( CONCURRENTLY)?(?: IF (?:NOT )?EXISTS)? {NAME}(?: ON (?:ONLY )?{NAME})?",
    re.IGNORECASE,
)


class Index(SafetyRule):
    """Writers wait for an index that is built plainly, readers too for one that is dropped so."""

    name = "index"
    verbs = ("create index", "create unique", "drop index")

    def judge(self, statement: str, place: Place) -> Iterator[Finding]:
        found = _INDEX.match(statement)
        if found is None:
            return
        if not found[2] and not (found[4] and place.new(found[4])):
            yield self.found(
                found[4] or found[3],
                "Nobody can write to the table while the index is built, or use it while one is dropped.",
                "Write CONCURRENTLY, in a unit of its own: -- freehold: unit autocommit",
            )
        elif found[2] and place.unit.mode is not Mode.AUTOCOMMIT:
            yield self.found(
                found[4] or found[3],
                "PostgreSQL refuses CONCURRENTLY inside a transaction.",
                "Put it into a unit of its own: -- freehold: unit autocommit",
            )
