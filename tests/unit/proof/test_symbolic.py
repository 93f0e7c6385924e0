"""What a symbolic proof comes to beside the executed one, and where it says something else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from freehold.proof import Cell, Entry, Proof, symbolic
from freehold.proof.caller import Caller
from freehold.proof.symbolic import Verdict, _disagreements, confirmed

DENIED = Cell("SELECT", "bare", Caller.OTHER, "denied", "denied", "zero_rows", None, "passed", "read, other")
LEAK = replace(DENIED, observed="allowed", how="rows")
OPEN = replace(LEAK, expected="allowed")
REFUSED = replace(DENIED, how="error", sqlstate="42501")
ORACLE = replace(LEAK, what="learn from a key, other")


def proof(*cells: Cell) -> Proof:
    """A proof of one table."""
    return Proof("18.6", 1.0, 1, (Entry("public.t", "table", cells),))


def of(word: str, mode: str = "cross-tenant", table: str = "public.t") -> Verdict:
    """A verdict on the table."""
    return Verdict(mode, table, word)


@pytest.mark.parametrize(
    ("cell", "verdict"),
    [(LEAK, of("isolated")), (OPEN, of("isolated")), (DENIED, of("leak")), (DENIED, of("leak", "anon", "public.u"))],
    ids=["proven, and got through", "proven, and declared open", "a leak, and denied", "a leak, and not executed"],
)
def test_a_contradiction_is_reported(cell: Cell, verdict: Verdict) -> None:
    """In both directions, with the table and the mode; and the proof is not sound any more."""
    (found,) = _disagreements(proof(cell), [verdict])
    assert (found.name, f"pgrls --mode {verdict.mode}" in found.reason) == (verdict.table, True)
    assert not replace(proof(cell), disagreements=(found,)).sound


@pytest.mark.parametrize(
    ("cell", "verdict"),
    [
        (DENIED, of("isolated")),
        (ORACLE, of("isolated")),
        (LEAK, of("leak")),
        (OPEN, of("leak")),
        (REFUSED, of("leak")),
        (LEAK, of("isolated", "anon")),
        (DENIED, of("unverified")),
    ],
)
def test_what_can_both_be_true_is_not_reported(cell: Cell, verdict: Verdict) -> None:
    """A key's oracle is no predicate's; a predicate may leak behind a missing privilege; the undecided says nothing."""
    assert list(_disagreements(proof(cell), [verdict])) == []


@pytest.mark.parametrize(
    ("cell", "verdict", "word"),
    [
        (DENIED, "isolated", "proven"),
        (OPEN, "leak", "open as declared"),
        (OPEN, "unverified", "open as declared"),
        (LEAK, "leak", "leaks"),
        (DENIED, "leak", "leaks"),
        (REFUSED, "leak", "stopped by a missing privilege alone"),
        (DENIED, "unverified", "undecided"),
    ],
)
def test_a_verdict_is_read_beside_what_is_declared(cell: Cell, verdict: str, word: str) -> None:
    """A table that is open on purpose does not leak, and nothing else is called open."""
    assert of(verdict).word((cell,)) == word
    assert of("leak").word(()) == "leaks"


def test_a_prover_that_fails_is_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for and not done is not clean; not installed is said."""
    monkeypatch.setattr(symbolic, "_spell", lambda *_: None)
    monkeypatch.setattr(symbolic, "_verify", lambda *_: None)
    monkeypatch.setattr(symbolic, "installed", lambda: True)
    assert not confirmed(proof(DENIED), "", "app", ()).complete
    monkeypatch.setattr(symbolic, "installed", lambda: False)
    found = confirmed(proof(DENIED), "", "app", ())
    assert (found.complete, "not installed" in found.headline()) == (True, True)
