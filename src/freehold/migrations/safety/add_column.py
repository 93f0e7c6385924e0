"""ADD COLUMN: with a volatile default, identity or stored expression the table is rewritten while nobody can use it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from freehold.migrations.rules.column import constant
from freehold.migrations.safety.rule import Finding, Place, SafetyRule, altered

_ADDED: Final = re.compile(r"\bADD COLUMN (?:IF NOT EXISTS )?(.*)", re.IGNORECASE | re.DOTALL)
_DEFAULT: Final = re.compile(r"\bDEFAULT (.*?)(?: NOT NULL)?$", re.IGNORECASE | re.DOTALL)
_REWRITES: Final = re.compile(r"\bGENERATED\b.*\b(?:STORED|IDENTITY)\b", re.IGNORECASE | re.DOTALL)


class AddColumn(SafetyRule):
    """Nullable or with a constant default it takes milliseconds."""

    name = "add-column"
    verbs = ("alter table",)

    def judge(self, statement: str, place: Place) -> Iterator[Finding]:
        table, added = altered(statement), _ADDED.search(statement)
        if not table or added is None or place.new(table):
            return
        default = _DEFAULT.search(added[1])
        if _REWRITES.search(added[1]) or (default and not constant(default[1].strip())):
            yield self.found(
                table,
                "Adding this column rewrites the whole table while nobody can read it.",
                "Add it nullable and without a default, then set the default, fill it in batches, and make it NOT NULL.",
            )
        elif default is None and re.search(r"\bNOT NULL\b", added[1], re.IGNORECASE):
            yield self.found(
                table,
                "Existing rows have no value for the new column.",
                "Give it a constant default, or add it nullable and fill it in batches first.",
            )
