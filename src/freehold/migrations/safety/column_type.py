"""ALTER COLUMN TYPE: the table is rewritten unless the stored bytes stay as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from freehold.migrations.safety.rule import Finding, Place, SafetyRule, altered

_TYPE: Final = re.compile(r"\bALTER (?:COLUMN )?\S+ (?:SET DATA )?TYPE (.*)$", re.IGNORECASE | re.DOTALL)
_KEEPS: Final = re.compile(r"(?:text|varchar|character varying)(?:\(\d+\))?", re.IGNORECASE)


class ColumnType(SafetyRule):
    """varchar may become longer, or text."""

    name = "column-type"
    verbs = ("alter table",)

    def judge(self, statement: str, place: Place) -> Iterator[Finding]:
        table, found = altered(statement), _TYPE.search(statement)
        if table and found and not place.new(table) and not _KEEPS.fullmatch(found[1].strip()):
            yield self.found(
                table,
                "Changing the type rewrites the whole table while nobody can read it.",
                "Add a column of the new type, write both, fill it with freehold backfill, read from it, drop the old one.",
            )
