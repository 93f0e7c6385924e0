"""What a proof says of itself: sound, complete, and in which words."""

from __future__ import annotations

from dataclasses import replace

from freehold.proof import Cell, Entry, Gap, Proof
from freehold.proof.caller import Caller

DENIED = Cell("SELECT", "bare", Caller.OTHER, "denied", "denied", "zero_rows", None, "passed", "read, other")
LEAK = replace(DENIED, observed="allowed", how="rows")
REFUSED = replace(DENIED, how="error", sqlstate="42501")


def proof(*cells: Cell, **more: object) -> Proof:
    """A proof of one table."""
    return Proof("18.6", 1.0, 1, (Entry("public.t", "table", cells),), **more)  # type: ignore[arg-type]


def test_only_what_is_declared_and_controlled_is_sound() -> None:
    """A leak, a failed control, and a policy that nothing tests each make it unsound."""
    assert proof(DENIED).sound
    assert not proof(LEAK).sound
    assert not proof(replace(DENIED, control="failed")).sound
    assert not proof(DENIED, untested_policies=("public.t.p",)).sound


def test_what_was_not_looked_at_is_not_complete() -> None:
    """A gap, or nothing at all, is never clean."""
    assert not proof(DENIED, gaps=(Gap("public.u", "no row"),)).complete
    assert not Proof("18.6", 1.0, 0, ()).complete


def test_words_say_how() -> None:
    """Markdown names a leak and its expectation, and how a denial came about."""
    assert "| public.t | SELECT |  | no rows |" in proof(DENIED).to_markdown()
    assert "| public.t | SELECT |  | error |" in proof(REFUSED).to_markdown()
    found = proof(LEAK).to_markdown()
    assert "**allowed**, declared denied" in found
    assert "- public.t: SELECT bare as other: declared denied, found allowed (read, other: rows)" in found
