"""AU812: something that protects nothing differs from the models."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.audit.drift import Drift
from freehold.audit.found import Fix, Found, Severity
from freehold.audit.rule import Rule
from freehold.catalog import Kind

_OTHER = frozenset(
    {
        Kind.COLUMN,
        Kind.INDEX,
        Kind.FUNCTION,
        Kind.TRIGGER,
        Kind.ENUM,
        Kind.DOMAIN,
        Kind.SEQUENCE,
        Kind.SCHEMA,
        Kind.OTHER,
    }
)
_WORDS = {"add": "lacks", "drop": "has, undeclared,", "alter": "has another"}


def _check(drift: Drift) -> Iterator[Found]:
    for change in drift.changes:
        if change.kind in _OTHER:
            yield Found(
                change.fact.name,
                f"The database {_WORDS[change.verb]} {change.fact.name}.",
                Fix(python="freehold migrate  # or declare it in the models and generate"),
                key=change.verb,
            )


RULE = Rule(
    id="AU812",
    title="The schema differs from the models",
    severity=Severity.WARNING,
    why="The next revision is made from the models. What is only in the database is not in it, and is lost or in the way.",
    remedy="Apply the revisions, or declare it.",
    about=Drift,
    check=_check,
)
