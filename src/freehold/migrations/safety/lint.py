"""All rules over a whole script."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from freehold.errors import Code, MigrationError
from freehold.migrations.safety.add_column import AddColumn
from freehold.migrations.safety.column_type import ColumnType
from freehold.migrations.safety.constraint import Constraint
from freehold.migrations.safety.drop import Drop
from freehold.migrations.safety.enum_value import EnumValue
from freehold.migrations.safety.function import Function
from freehold.migrations.safety.grant import Grant
from freehold.migrations.safety.index import Index
from freehold.migrations.safety.not_null import NotNull
from freehold.migrations.safety.policy import Policy
from freehold.migrations.safety.row_security import RowSecurity
from freehold.migrations.safety.rows import Rows
from freehold.migrations.safety.rule import NAME, Finding, Permit, Place, SafetyRule, plain
from freehold.migrations.safety.unique import Unique
from freehold.migrations.safety.view import View
from freehold.migrations.script import Script

RULES: Final[tuple[SafetyRule, ...]] = (
    AddColumn(),
    ColumnType(),
    Constraint(),
    Drop(),
    EnumValue(),
    Function(),
    Grant(),
    Index(),
    NotNull(),
    Policy(),
    RowSecurity(),
    Rows(),
    Unique(),
    View(),
)
_BY_VERB: Final[defaultdict[str, list[SafetyRule]]] = defaultdict(list)
for _rule in RULES:
    for _verb in _rule.verbs:
        _BY_VERB[_verb].append(_rule)
_MADE: Final = re.compile(
    rf"^CREATE (?:UNLOGGED |TEMP(?:ORARY)? )?(?:TABLE|MATERIALIZED VIEW)(?: IF NOT EXISTS)? {NAME}", re.IGNORECASE
)


def findings(script: Script) -> tuple[Finding, ...]:
    """What is not safe in ``script`` and not signed off, in order, each once."""
    signed = tuple(f"{line} " for line in script.signed)
    found = dict.fromkeys(_all(script))
    return tuple(each for each in found if not any(line.startswith(f"{each.name}: ") for line in signed))


def sign(script: Script, reasons: Mapping[Permit, str | None]) -> Script:
    """``script`` with a line for each finding that ``reasons`` allow."""
    allowed = [(each.name, reasons.get(each.permit)) for each in findings(script)]
    return replace(script, signed=(*script.signed, *(f"{name}: {reason}" for name, reason in allowed if reason)))


def refuse_unsafe(script: Script) -> None:
    """Raises `MigrationError` (FH420) for the first finding that nobody signed off."""
    found = findings(script)
    if not found:
        return
    first = found[0]
    more = f" And {len(found) - 1} more: {', '.join(each.name for each in found[1:])}." if found[1:] else ""
    raise MigrationError(
        Code.CHANGE_UNSAFE,
        f"Revision {script.revision} is not safe on a database in use: {first.why}",
        detail=f"{first.name}.{more}",
        hint=f"{first.instead} If it is meant, sign it off in the .up.sql, above the first unit, and run freehold repair: "
        f"-- freehold: signed off {first.name}: <reason>",
    )


def _all(script: Script) -> Iterator[Finding]:
    statements = script.statements
    made = frozenset(plain(match[1]) for statement in statements if (match := _MADE.match(statement.strip())))
    place = 0
    for unit in script.units:
        for statement in unit.statements:
            here = Place(unit, statements, place, made)
            text = statement.strip()
            first, second = (*text[:40].lower().split(None, 2), "", "")[:2]
            for rule in (*_BY_VERB[first], *_BY_VERB[f"{first} {second}"]):
                yield from rule.judge(text, here)
            place += 1
