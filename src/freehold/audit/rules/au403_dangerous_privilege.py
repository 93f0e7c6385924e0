"""AU403: callers hold a privilege that no policy limits."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.audit.catalog import CALLERS, Catalog
from freehold.audit.found import Fix, Found, Severity
from freehold.audit.rule import Example, Rule
from freehold.audit.words import listed, named

_UNLIMITED = frozenset({"TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN"})


def _check(catalog: Catalog) -> Iterator[Found]:
    for table in catalog.tables:
        held = {role: privileges & _UNLIMITED for role, privileges in table.reach.items()}
        privileges = frozenset(privilege for each in held.values() for privilege in each)
        if privileges:
            words = ", ".join(sorted(privileges))
            yield Found(
                table.name,
                f"{listed(role for role, each in held.items() if each)} may {listed(privileges)} {table.name}.",
                Fix(
                    (f"REVOKE {words} ON TABLE {table.sql} FROM PUBLIC, {', '.join(CALLERS)}",),
                    mechanical=True,
                ),
                "SELECT bool_and(NOT has_table_privilege(r, "
                f"{named(table.name)}, '{words}')) FROM unnest(ARRAY['anon', 'authenticated']) AS r",
            )


RULE = Rule(
    id="AU403",
    title="TRUNCATE, REFERENCES or TRIGGER is granted",
    severity=Severity.ERROR,
    why="TRUNCATE empties a table whatever its policies say. REFERENCES makes a foreign key, which finds out which keys "
    "exist. TRIGGER runs code as whoever writes next. GRANT ALL includes them.",
    remedy="Revoke them; grant SELECT, INSERT, UPDATE and DELETE by name.",
    about=Catalog,
    check=_check,
    example=Example("grant truncate on public.notes to authenticated", "grant select on public.notes to authenticated"),
)
