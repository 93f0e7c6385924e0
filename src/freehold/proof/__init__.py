"""The isolation proof: what the models declare about who may reach a row, tried statement by statement on a clone."""

from freehold.proof.matrix import Cell, Entry, Gap, Proof
from freehold.proof.prove import prove

__all__ = ["Cell", "Entry", "Gap", "Proof", "prove"]
