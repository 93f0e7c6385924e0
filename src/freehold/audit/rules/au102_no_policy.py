"""AU102: row security is enabled, something is granted, and no policy admits a row."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.audit.catalog import CALLERS, Catalog
from freehold.audit.found import Fix, Found, Severity
from freehold.audit.rule import Example, Rule
from freehold.audit.words import named


def _check(catalog: Catalog) -> Iterator[Found]:
    for table in catalog.tables:
        if not table.guarded:
            continue
        for role in CALLERS:
            for command in ("SELECT", "INSERT", "UPDATE", "DELETE"):
                granted = command in table.reach.get(role, ())
                if granted and not any(p.permissive and p.covers(command) and p.names(role) for p in table.policies):
                    yield _found(table.name, table.sql, role, command)


def _found(name: str, sql: str, role: str, command: str) -> Found:
    return Found(
        name,
        f"{role} may {command} in {name}, and no permissive policy is for that: every statement meets no row.",
        Fix((f"REVOKE {command} ON TABLE {sql} FROM {role}",)),
        f"SELECT NOT has_any_column_privilege('{role}', {named(name)}, '{command}')"
        if command != "DELETE"
        else f"SELECT NOT has_table_privilege('{role}', {named(name)}, 'DELETE')",
        f"{role} {command}",
    )


RULE = Rule(
    id="AU102",
    title="A command is granted, and no policy is for it",
    severity=Severity.WARNING,
    why="Either a policy was lost, and callers silently meet nothing, or the grant is not needed, and the next "
    "permissive policy opens more than it says.",
    remedy="Add the policy that was meant, or revoke the grant.",
    about=Catalog,
    check=_check,
    example=Example(
        "drop policy notes_delete on public.notes",
        "drop policy notes_delete on public.notes; revoke delete on public.notes from authenticated",
    ),
    covers=("SEC009", "SEC022"),
)
