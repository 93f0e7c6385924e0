"""AU833: a revision grants a new table before its row security is enabled."""

from __future__ import annotations

import re
from collections.abc import Iterator

from freehold.audit.catalog import CALLERS
from freehold.audit.found import Fix, Found, Severity
from freehold.audit.revised import Revised
from freehold.audit.rule import Example, Rule
from freehold.migrations.safety.rule import NAME, altered, plain

_MADE = re.compile(rf"^CREATE TABLE (?:IF NOT EXISTS )?{NAME}", re.IGNORECASE)
_ENABLED = re.compile(r"\bENABLE ROW LEVEL SECURITY", re.IGNORECASE)
_GRANTED = re.compile(rf"^GRANT .*? ON (?:TABLE )?{NAME} TO (.*)$", re.IGNORECASE | re.DOTALL)


def _check(revised: Revised) -> Iterator[Found]:
    bare = {plain(made[1]) for each in revised.script.statements if (made := _MADE.match(each))}
    for unit in revised.script.units:
        bare -= {plain(altered(each)) for each in unit.statements if _ENABLED.search(each)}
        for statement in unit.statements:
            granted = _GRANTED.match(statement)
            if granted and plain(granted[1]) in bare and _to_callers(granted[2]):
                yield _found(revised, plain(granted[1]), statement)


def _to_callers(roles: str) -> bool:
    return not {"public", *CALLERS}.isdisjoint(re.findall(r"\w+", roles.lower()))


def _found(revised: Revised, table: str, statement: str) -> Found:
    schema, _, name = table.partition(".")
    return Found(
        revised.file,
        f"{table} is granted to callers before its row security is enabled.",
        Fix(
            python=f'ALTER TABLE "{schema}"."{name}" ENABLE ROW LEVEL SECURITY;  -- in the same unit as the GRANT, or before it'
        ),
        key=table,
        place=revised.place(statement.splitlines()[0]),
    )


RULE = Rule(
    id="AU833",
    title="A grant comes before row security",
    severity=Severity.ERROR,
    why="Units are committed one by one. Between the unit that grants a table and the one that guards it, every caller reads "
    "and writes every row; a revision that fails in between stays like that.",
    remedy="Enable and force row security in the unit that makes the table.",
    about=Revised,
    check=_check,
    example=Example(
        "-- freehold: revision 5d1f0a7c9e22\n-- freehold: unit transaction\n-- freehold: statement\n"
        "CREATE TABLE public.notes (id uuid PRIMARY KEY, user_id uuid NOT NULL);\n-- freehold: statement\n"
        "GRANT SELECT ON TABLE public.notes TO authenticated;\n-- freehold: unit transaction\n-- freehold: statement\n"
        "ALTER TABLE public.notes ENABLE ROW LEVEL SECURITY;\n",
        "-- freehold: revision 5d1f0a7c9e22\n-- freehold: unit transaction\n-- freehold: statement\n"
        "CREATE TABLE public.notes (id uuid PRIMARY KEY, user_id uuid NOT NULL);\n-- freehold: statement\n"
        "ALTER TABLE public.notes ENABLE ROW LEVEL SECURITY;\n-- freehold: statement\n"
        "GRANT SELECT ON TABLE public.notes TO authenticated;\n",
    ),
)
