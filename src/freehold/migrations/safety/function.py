"""SECURITY DEFINER without a search path: the function runs, with its owner's rights, what its caller put in the way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from freehold.migrations.safety.rule import NAME, Finding, Permit, Place, SafetyRule

_MADE: Final = re.compile(rf"^CREATE (?:OR REPLACE )?(?:FUNCTION|PROCEDURE) {NAME}", re.IGNORECASE)
_DEFINER: Final = re.compile(r"\bSECURITY DEFINER\b", re.IGNORECASE)
_PATH: Final = re.compile(r"\bSET search_path\b", re.IGNORECASE)


class Function(SafetyRule):
    """``SET search_path = pg_catalog, pg_temp``."""

    name = "definer-function"
    verbs = ("create function", "create or", "create procedure")
    permit = Permit.SIGN_OFF

    def judge(self, statement: str, place: Place) -> Iterator[Finding]:
        found = _MADE.match(statement)
        if found and _DEFINER.search(statement) and not _PATH.search(statement):
            yield self.found(
                found[1],
                "A SECURITY DEFINER function without search_path runs what its caller put there, as its owner.",
                "Add: SET search_path = pg_catalog, pg_temp",
            )
