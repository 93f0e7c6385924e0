"""What differs between two snapshots: a change is a value with a before and an after, and can be reversed."""

from __future__ import annotations

from dataclasses import dataclass

from freehold.catalog.fact import Fact, Key, Kind
from freehold.catalog.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Change:
    """A fact added (no ``before``), dropped (no ``after``) or altered (both)."""

    before: Fact | None
    after: Fact | None

    @property
    def fact(self) -> Fact:
        """The fact after the change, or the one it drops."""
        fact = self.after or self.before
        if fact is None:
            raise ValueError("A change has a before, an after or both.")
        return fact

    @property
    def kind(self) -> Kind:
        """The kind of fact that changes."""
        return self.fact.kind

    @property
    def key(self) -> Key:
        """The key of the fact that changes."""
        return self.fact.key

    @property
    def verb(self) -> str:
        """``add``, ``drop`` or ``alter``."""
        return "add" if self.before is None else "drop" if self.after is None else "alter"

    @property
    def altered(self) -> frozenset[str]:
        """The names of the attributes that differ."""
        if self.before is None or self.after is None:
            return frozenset()
        before, after = dict(self.before.attributes), dict(self.after.attributes)
        return frozenset(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))

    def reverse(self) -> Change:
        """The change that undoes it."""
        return Change(self.after, self.before)

    def __str__(self) -> str:
        altered = f" ({', '.join(sorted(self.altered))})" if self.altered else ""
        return f"{self.verb} {self.fact.name}{altered}"


def diff(current: Snapshot, desired: Snapshot) -> tuple[Change, ...]:
    """The changes that make ``current`` into ``desired``, sorted by kind and key."""
    identities = sorted(current.keys() | desired.keys())
    pairs = ((current.get(identity), desired.get(identity)) for identity in identities)
    return tuple(Change(before, after) for before, after in pairs if before != after)
