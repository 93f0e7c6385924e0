"""AU305: callers may name the owner column in an UPDATE."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.audit.catalog import CALLERS, Catalog
from freehold.audit.found import Fix, Found, Severity
from freehold.audit.rule import Example, Rule
from freehold.audit.words import named
from freehold.policies import quote_identifier, quote_literal


def _check(catalog: Catalog) -> Iterator[Found]:
    for table in catalog.tables:
        for role in CALLERS:
            columns = table.writable(role, "UPDATE")
            if table.owner in columns:
                kept = ", ".join(quote_identifier(name) for name in table.columns if name in columns - {table.owner})
                yield Found(
                    f"{table.name}.{table.owner}",
                    f"{role} may set {table.owner} of {table.name}: only the policy's check keeps a row with its owner.",
                    Fix(
                        (
                            f"REVOKE UPDATE ON TABLE {table.sql} FROM {role}, PUBLIC",
                            *((f"GRANT UPDATE ({kept}) ON TABLE {table.sql} TO {role}",) if kept else ()),
                        ),
                        mechanical=True,
                    ),
                    f"SELECT NOT has_column_privilege('{role}', {named(table.name)}, {quote_literal(str(table.owner))}, 'UPDATE')",
                    role,
                )


RULE = Rule(
    id="AU305",
    title="Callers may change the owner",
    severity=Severity.WARNING,
    why="Whose a row is never changes. Without the privilege, no mistake in a policy and no mass assignment can give it away.",
    remedy="Grant UPDATE on the columns that callers write, and no others.",
    about=Catalog,
    check=_check,
    example=Example(
        "grant update on public.notes to authenticated", "grant update (title) on public.notes to authenticated"
    ),
)
