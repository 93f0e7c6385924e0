"""What differs between a database and what was declared, as changes that lead from the one to the other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from freehold.audit.catalog import Catalog
from freehold.catalog import Change, Kind, Snapshot, diff
from freehold.errors import MigrationError
from freehold.migrations.context import Context
from freehold.migrations.rules import RULES


@dataclass(frozen=True)
class Drift:
    """``declared``: the facts of the models, or of the revisions where there are none; ``said_by`` says which."""

    catalog: Catalog
    declared: Snapshot
    said_by: str

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """What the database would have to change; what vanishes with its table is not said again."""
        found = diff(self.catalog.snapshot, self.declared)
        context = Context(self.catalog.snapshot, self.declared, tuple(found))
        return tuple(change for change in found if not _follows(change, context))

    def repair(self, change: Change) -> tuple[str, ...]:
        """The statements that make one change, where a rule of migrations can and nothing is lost by it."""
        if change.verb == "drop" and change.kind in (Kind.TABLE, Kind.COLUMN, Kind.SCHEMA):
            return ()
        context = Context(self.catalog.snapshot, self.declared, (change,))
        try:
            operations = tuple(RULES[change.kind].plan([change], context))
        except MigrationError:
            return ()
        return tuple(operation.sql for operation in operations)


def _follows(change: Change, context: Context) -> bool:
    subject = context.subject(change.fact)
    return subject is not None and (subject in context.added if change.verb == "add" else context.absorbed(change.fact))
