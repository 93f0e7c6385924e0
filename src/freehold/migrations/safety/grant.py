"""GRANT ... TO PUBLIC: whoever gets a login on this server, now or later."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from freehold.migrations.safety.rule import NAME, Finding, Permit, Place, SafetyRule

_PUBLIC: Final = re.compile(
    rf"^GRANT .* ON (?!FUNCTION|PROCEDURE|TYPE|ROUTINE)(?:TABLE |SEQUENCE |SCHEMA )?{NAME} TO .*\bPUBLIC\b",
    re.IGNORECASE | re.DOTALL,
)


class Grant(SafetyRule):
    """To roles by name."""

    name = "grant-public"
    verbs = ("grant",)
    permit = Permit.SIGN_OFF

    def judge(self, statement: str, place: Place) -> Iterator[Finding]:
        found = _PUBLIC.match(statement)
        if found:
            yield self.found(
                found[1], "PUBLIC is every role of the server, also those made later.", "Grant to roles by name."
            )
