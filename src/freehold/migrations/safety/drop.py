"""DROP TABLE, DROP COLUMN, TRUNCATE: rows are lost, and the release that runs may still ask for them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from freehold.migrations.safety.rule import NAME, Finding, Permit, Place, SafetyRule, altered, plain

_WHOLE: Final = re.compile(rf"^(?:DROP TABLE|DROP SCHEMA|TRUNCATE)(?: TABLE)?(?: IF EXISTS)? {NAME}", re.IGNORECASE)
_COLUMN: Final = re.compile(rf"\bDROP COLUMN (?:IF EXISTS )?{NAME}", re.IGNORECASE)


# What the generator calls the two columns of one whose type changes.
_ASIDE: Final = re.compile(r'ALTER TABLE (\S+) RENAME COLUMN (\S+) TO ("freehold_old_.+")', re.IGNORECASE)


class Drop(SafetyRule):
    """Only where somebody said so."""

    name = "drop"
    verbs = ("drop table", "drop schema", "truncate", "alter table")
    permit = Permit.DROP

    def judge(self, statement: str, place: Place) -> Iterator[Finding]:
        table, whole = altered(statement), _WHOLE.match(statement)
        column = _COLUMN.search(statement) if table else None
        if column and _replaced(column[1], table, place):
            return
        if whole or column:
            yield self.found(
                whole[1] if whole else f"{plain(table)}.{column[1] if column else ''}",
                "Rows are lost, and the release that still runs may ask for them.",
                "Release first what no longer uses it; then generate the drop with --allow-drop.",
            )


def _replaced(column: str, table: str, place: Place) -> bool:
    """Whether another column, filled with what this one holds, took its place in this transaction."""
    for each in place.unit.statements:
        aside = _ASIDE.fullmatch(each)
        if aside and aside[1] == table and aside[3] == column:
            taken = f'ALTER TABLE {table} RENAME COLUMN "freehold_new_'
            return any(other.startswith(taken) and other.endswith(f" TO {aside[2]}") for other in place.unit.statements)
    return False
