"""The one condition of every grant on a table: its row security is enabled and forced."""

from __future__ import annotations

from freehold.catalog import Fact, Kind
from freehold.errors import Code, MigrationError
from freehold.migrations.context import Context
from freehold.migrations.rules.name import qualified


def refuse_unguarded(grant: Fact, context: Context) -> None:
    """Raises `MigrationError` (FH414) when ``grant`` would stand on a table without forced row security."""
    kind, schema, name, _, grantee, privilege = grant.key
    table = context.after.get((Kind.TABLE, (schema, name))) if kind in {"table", "column"} else None
    if table is None or context.reverse or (table.flag("row_security") and table.flag("forced")):
        return
    raise MigrationError(
        Code.GRANT_UNGUARDED,
        f"{grantee} would have {privilege} on {table.name}, whose row security is not enabled and forced.",
        hint=f"ALTER TABLE {qualified(schema, name)} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;",
    )
