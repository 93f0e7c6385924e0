"""What a reviewer reads first: how many things come and go, what is revoked, what guards less."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from freehold.catalog import Change, Kind
from freehold.migrations.plan import Plan

_PLURAL = {Kind.POLICY: "policies", Kind.INDEX: "indexes", Kind.OTHER: "others"}
_COUNTED = (
    Kind.SCHEMA, Kind.ENUM, Kind.DOMAIN, Kind.SEQUENCE, Kind.TABLE, Kind.COLUMN, Kind.CONSTRAINT, Kind.INDEX,
    Kind.FUNCTION, Kind.VIEW, Kind.POLICY, Kind.TRIGGER, Kind.COMMENT, Kind.DEFAULT_PRIVILEGE, Kind.GRANT,
)  # fmt: skip
_SIGN = {"add": "+", "drop": "-", "alter": "~"}
_OF_TABLE = (Kind.COLUMN, Kind.CONSTRAINT)


def summary(plan: Plan) -> tuple[str, ...]:
    """Lines for the header of a revision: ``+1 table, +4 policies, no grant removed, no policy weakened``."""
    removed = [change for change in plan.changes if change.kind is Kind.GRANT and change.verb == "drop"]
    found = [*counts(plan.changes)]
    found.append("no grant removed" if not removed else f"{len(removed)} {_word(Kind.GRANT, len(removed))} removed")
    found.append("no policy weakened" if not plan.weakened else f"{len(plan.weakened)} WEAKENED")
    lines = [", ".join(found)]
    lines += [f"weakened: {sentence}" for sentence in plan.weakened]
    lines += [f"irreversible: {_lost(name)}" for name in plan.irreversible]
    return tuple(lines)


def _lost(name: str) -> str:
    return f"{name} keeps its new values" if name.startswith("enum ") else f"rows of {name} are not brought back"


def counts(changes: Sequence[Change]) -> Iterator[str]:
    """``+1 table``, ``~3 columns``: what comes, goes and changes, columns and constraints of whole tables apart."""
    tables = {change.key for change in changes if change.kind is Kind.TABLE and change.verb != "alter"}
    counter = Counter(
        (change.kind, change.verb) for change in changes if not (change.kind in _OF_TABLE and change.key[:2] in tables)
    )
    for kind in _COUNTED:
        for verb, sign in _SIGN.items():
            if number := counter[kind, verb]:
                yield f"{sign}{number} {_word(kind, number)}"


def _word(kind: Kind, number: int) -> str:
    word = kind.value.replace("_", " ")
    return word if number == 1 else _PLURAL.get(kind, f"{word}s")
