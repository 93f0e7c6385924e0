"""What PostgreSQL says a schema is: facts from its catalog, snapshots of them, and what differs."""

from freehold.catalog.apart import Apart, apart
from freehold.catalog.change import Change, diff
from freehold.catalog.fact import OWNER, Fact, Key, Kind, Value
from freehold.catalog.read import SCHEMA_KINDS, queries, read
from freehold.catalog.snapshot import Snapshot

__all__ = [
    "OWNER",
    "SCHEMA_KINDS",
    "Apart",
    "Change",
    "Fact",
    "Key",
    "Kind",
    "Snapshot",
    "Value",
    "apart",
    "diff",
    "queries",
    "read",
]
