"""Policies: one dropped, or one that is always true, changes who sees which rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from freehold.migrations.safety.rule import NAME, Finding, Permit, Place, SafetyRule, plain

_POLICY: Final = re.compile(
    rf"^(CREATE|ALTER|DROP) POLICY (?:IF EXISTS )?{NAME} ON {NAME}(.*)", re.IGNORECASE | re.DOTALL
)
_TRUE: Final = re.compile(r"\b(?:USING|WITH CHECK) \(+true\)+", re.IGNORECASE)
# What the batches of a revision need, for its owner alone, and only as long as they run.
_OWN: Final = re.compile(r"^CREATE POLICY \"freehold_backfill\" ON \S+ TO CURRENT_USER ", re.IGNORECASE)


class Policy(SafetyRule):
    """Altered in place, with an expression that says whose the row is."""

    name = "policy"
    verbs = ("create policy", "alter policy", "drop policy")
    permit = Permit.SIGN_OFF

    def judge(self, statement: str, place: Place) -> Iterator[Finding]:
        found = _POLICY.match(statement)
        if found is None or place.new(found[3]):
            return
        verb, name, table, rest = found.groups()
        if verb.upper() == "DROP" and not self._known(name, table, place):
            yield self.found(
                f"{plain(table)}.{name}", "A policy is dropped.", "Alter it, or drop and create it in one transaction."
            )
        if verb.upper() != "DROP" and _TRUE.search(rest) and not _OWN.match(statement):
            yield self.found(
                f"{plain(table)}.{name}",
                "The policy is true for every row.",
                "Say whose the row is: USING (user_id = ...).",
            )

    def _known(self, name: str, table: str, place: Place) -> bool:
        """Made again in the same transaction, or made by this script before."""
        again = f"create policy {name} on {table} ".lower()
        return any(each.lower().startswith(again) for each in (*place.unit.statements, *place.earlier))
