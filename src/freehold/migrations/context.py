"""What a rule may look at while it plans one change: both snapshots, and what else changes with it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from freehold.catalog import Change, Fact, Key, Kind, Snapshot

Identity = tuple[Kind, Key]

_TABLE_PARTS = (Kind.COLUMN, Kind.CONSTRAINT, Kind.INDEX, Kind.POLICY, Kind.TRIGGER)
_COMMENTED = {
    "schema": Kind.SCHEMA,
    "table": Kind.TABLE,
    "table column": Kind.COLUMN,
    "table constraint": Kind.CONSTRAINT,
    "index": Kind.INDEX,
    "policy": Kind.POLICY,
    "trigger": Kind.TRIGGER,
    "type": Kind.ENUM,
    "sequence": Kind.SEQUENCE,
    "view": Kind.VIEW,
    "materialized view": Kind.VIEW,
}


@dataclass(frozen=True)
class Context:
    """``reverse``: this plan undoes another one, so it may drop what that one added.

    ``blocking``: a table may be rewritten, or read through, while nobody can use it.
    """

    before: Snapshot
    after: Snapshot
    changes: tuple[Change, ...]
    reverse: bool = False
    blocking: bool = False

    @cached_property
    def added(self) -> frozenset[Identity]:
        """What is made, or made again."""
        return frozenset(change.fact.identity for change in self.changes if change.before is None)

    @cached_property
    def dropped(self) -> frozenset[Identity]:
        """What is dropped, even if it is made again."""
        return frozenset(change.fact.identity for change in self.changes if change.after is None)

    def new_table(self, fact: Fact) -> bool:
        """Whether the table (the first two names of the key) is made by this plan."""
        return (Kind.TABLE, fact.key[:2]) in self.added

    def live(self, fact: Fact) -> bool:
        """Whether the table or view of ``fact`` stays, with rows and readers; of a partitioned one the parts decide."""
        for kind in (Kind.TABLE, Kind.VIEW):
            identity = (kind, fact.key[:2])
            if identity in self.before and identity in self.after:
                return identity not in self.added and self.after[identity].get("kind") != "partitioned"
        return False

    def primary_key(self, table: Key) -> tuple[str, ...]:
        """The columns of a table's primary key, which is there before and after; none without one."""
        for fact in self.before.of(Kind.CONSTRAINT, *table):
            if fact.text("type") == "primary key" and fact.identity in self.after:
                return fact.names("columns")
        return ()

    def absorbed(self, fact: Fact) -> bool:
        """Whether dropping ``fact`` follows from dropping what it belongs to."""
        subject = self.subject(fact)
        while subject is not None:
            if subject in self.dropped:
                return True
            owner = self.before.get(subject)
            subject = None if owner is None else self.subject(owner)
        return False

    def subject(self, fact: Fact) -> Identity | None:
        """What ``fact`` belongs to and vanishes with; None where it stands for itself."""
        if fact.kind in _TABLE_PARTS:
            view = (Kind.VIEW, fact.key[:2])
            return view if view in self.before else (Kind.TABLE, fact.key[:2])
        if fact.kind is Kind.GRANT:
            subject = grant_subject(fact.key)
            view = (Kind.VIEW, fact.key[1:3])
            return view if subject[0] is Kind.COLUMN and (view in self.before or view in self.after) else subject
        if fact.kind is Kind.COMMENT:
            return self._commented(fact.key)
        if fact.kind is Kind.SEQUENCE and fact.names("owned_by"):
            return Kind.COLUMN, fact.names("owned_by")
        return None

    def column_rank(self, grant: Fact) -> tuple[int, str]:
        """The place of a column grant's column in its table, then its name."""
        column = (Kind.COLUMN, grant.key[1:4])
        fact = self.after.get(column) or self.before.get(column)
        return (fact.rank if fact else 0), grant.key[3]

    def _commented(self, key: Key) -> Identity | None:
        kind, *names = key
        if kind == "index":
            return next((f.identity for f in self.before.of(Kind.INDEX, names[0]) if f.key[2] == names[1]), None)
        if kind in {"function", "procedure"}:
            same = self.before.of(Kind.FUNCTION, *names[:2])
            return same[0].identity if len(same) == 1 else None
        return (_COMMENTED[kind], tuple(names)) if kind in _COMMENTED else None


def grant_subject(key: Key) -> Identity:
    """The object a grant is on, from the grant's key: kind, schema, name, detail, grantee, privilege."""
    kind, schema, name, detail = Kind(key[0]), *key[1:4]
    if kind is Kind.SCHEMA:
        return kind, (schema,)
    return kind, (schema, name, detail) if kind in {Kind.COLUMN, Kind.FUNCTION} else (schema, name)
