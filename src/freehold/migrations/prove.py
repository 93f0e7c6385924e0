"""The proof of a revision: forth, back and forth again, on a database that holds the history before it."""

from __future__ import annotations

from freehold.catalog import Snapshot, diff
from freehold.errors import Code, MigrationError
from freehold.migrations.script import Script
from freehold.migrations.shadow import Shadow

_SHOWN = 10


def prove(shadow: Shadow, up: Script, down: Script, before: Snapshot, desired: Snapshot) -> None:
    """Applies ``up``, ``down`` and ``up`` to ``shadow``, which holds ``before``, and compares the facts each time.

    Raises `MigrationError` (FH410) with the facts that differ, or with the statement PostgreSQL refused.
    """
    for script, expected, words in ((up, desired, "up"), (down, before, "down"), (up, desired, "up again")):
        try:
            shadow.apply(script)
        except MigrationError as error:
            raise _failed(f"Going {words} fails.", f"{error.message} {error.detail}") from None
        compare(shadow.facts(), expected, f"Going {words} does not give what it should.")


def compare(found: Snapshot, expected: Snapshot, message: str) -> None:
    """Raises `MigrationError` (FH410) where the facts differ."""
    changes = diff(expected, found)
    if changes:
        more = f" and {len(changes) - _SHOWN} more" if len(changes) > _SHOWN else ""
        raise _failed(message, "; ".join(map(str, changes[:_SHOWN])) + more)


def _failed(message: str, detail: str) -> MigrationError:
    return MigrationError(
        Code.PROOF_FAILED,
        f"The planned revision was not proven, and not written: {message}",
        detail=detail,
        hint="Make the change in smaller steps, each its own revision.",
    )
