"""Views: without security_invoker one shows its reader what its owner may see."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from freehold.migrations.safety.rule import NAME, Finding, Permit, Place, SafetyRule

_VIEW: Final = re.compile(rf"^CREATE (?:OR REPLACE )?VIEW {NAME}(.*?)\bAS\b", re.IGNORECASE | re.DOTALL)
_RESET: Final = re.compile(rf"^ALTER VIEW {NAME} RESET \(.*security_invoker", re.IGNORECASE)
_INVOKER: Final = re.compile(r"\bsecurity_invoker\s*(?:=\s*(?:true|on|1|yes))?\s*[,)]", re.IGNORECASE)


class View(SafetyRule):
    """``WITH (security_invoker = true)``."""

    name = "definer-view"
    verbs = ("create view", "create or", "alter view")
    permit = Permit.SIGN_OFF

    def judge(self, statement: str, place: Place) -> Iterator[Finding]:
        made, reset = _VIEW.match(statement), _RESET.match(statement)
        if reset or (made and not _INVOKER.search(made[2])):
            yield self.found(
                (reset or made or ["", ""])[1],
                "A view without security_invoker passes by the row security of its readers.",
                "WITH (security_invoker = true)",
            )
