"""DROP TABLE, DROP COLUMN, TRUNCATE: rows are lost, and the release that runs may still ask for them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from freehold.migrations.safety.rule import NAME, Finding, Permit, Place, SafetyRule, altered, plain

_WHOLE: Final = re.compile(rf"^(?:DROP TABLE|DROP SCHEMA|TRUNCATE)(?: TABLE)?(?: IF EXISTS)? {NAME}", re.IGNORECASE)
_COLUMN: Final = re.compile(rf"\bDROP COLUMN (?:IF EXISTS )?{NAME}", re.IGNORECASE)


class Drop(SafetyRule):
    """Only where somebody said so."""

    name = "drop"
    verbs = ("drop table", "drop schema", "truncate", "alter table")
    permit = Permit.DROP

    def judge(self, statement: str, place: Place) -> Iterator[Finding]:
        table, whole = altered(statement), _WHOLE.match(statement)
        column = _COLUMN.search(statement) if table else None
        if whole or column:
            yield self.found(
                whole[1] if whole else f"{plain(table)}.{column[1] if column else ''}",
                "Rows are lost, and the release that still runs may ask for them.",
                "Release first what no longer uses it; then generate the drop with --allow-drop.",
            )
