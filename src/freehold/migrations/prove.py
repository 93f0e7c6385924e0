"""The proof of a revision: forth, back and forth again, on a database that holds the history before it, and rows."""

from __future__ import annotations

from collections.abc import Sequence

from freehold.catalog import Snapshot, diff
from freehold.errors import Code, MigrationError
from freehold.migrations.script import Script
from freehold.migrations.seed import clear, lost, seed, unseeded
from freehold.migrations.shadow import RefusedError, Shadow

_SHOWN = 10


def prove(shadow: Shadow, up: Script, down: Script, before: Snapshot, desired: Snapshot) -> tuple[str, ...]:
    """Applies ``up``, ``down`` and ``up`` to ``shadow``, which holds ``before``, and compares the facts each time.

    The last time there is a row in every table that takes one, and none may get lost. Returns what is to be said of
    rows: a constraint that such a row does not fulfil is no mistake. Raises `MigrationError` (FH410) with the facts that
    differ, or with the statement PostgreSQL refused.
    """
    _go(shadow, up, desired, "up")
    _go(shadow, down, before, "down")
    seeds = seed(shadow, before)
    try:
        shadow.apply(up)
        compare(shadow.facts(), desired, "Going up again does not give what it should.")
        gone = lost(shadow, seeds)
    except RefusedError as error:
        if error.about_rows:
            return (f"rows: {error.detail}; see that those which exist fulfil it",)
        raise _failed("Going up again fails with a row in each table.", f"{error.message} {error.detail}") from None
    finally:
        clear(shadow, seeds)
    if gone:
        raise _failed("Rows get lost.", ", ".join(gone))
    empty = unseeded(before, seeds)
    return (f"rows: none could be made for {_listed(empty)}; the proof says nothing about theirs",) if empty else ()


def _go(shadow: Shadow, script: Script, expected: Snapshot, words: str) -> None:
    try:
        shadow.apply(script)
    except MigrationError as error:
        raise _failed(f"Going {words} fails.", f"{error.message} {error.detail}") from None
    compare(shadow.facts(), expected, f"Going {words} does not give what it should.")


def compare(found: Snapshot, expected: Snapshot, message: str) -> None:
    """Raises `MigrationError` (FH410) where the facts differ."""
    changes = diff(expected, found)
    if changes:
        raise _failed(message, _listed(tuple(map(str, changes)), "; "))


def _listed(names: Sequence[str], between: str = ", ") -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return between.join(names[:_SHOWN]) + more


def _failed(message: str, detail: str) -> MigrationError:
    return MigrationError(
        Code.PROOF_FAILED,
        f"The planned revision was not proven, and not written: {message}",
        detail=detail,
        hint="Make the change in smaller steps, each its own revision.",
    )
