"""AU811: what protects a table is not what the models say."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.audit.drift import Drift
from freehold.audit.found import Fix, Found, Severity
from freehold.audit.rule import Rule
from freehold.catalog import Change, Kind

_PROTECTING = frozenset({Kind.POLICY, Kind.GRANT, Kind.TABLE, Kind.CONSTRAINT, Kind.VIEW, Kind.DEFAULT_PRIVILEGE})


def _check(drift: Drift) -> Iterator[Found]:
    for change in drift.changes:
        if change.kind in _PROTECTING:
            yield Found(
                change.fact.name,
                f"{_said(change)}: {change.fact.name}{_altered(change)}.",
                _fix(change, drift.repair(change)),
                key=change.verb,
            )


def _fix(change: Change, statements: tuple[str, ...]) -> Fix:
    """A privilege or a policy too many goes by itself; whoever made a view or a key may need it."""
    if change.verb == "add" and change.kind is Kind.TABLE:
        return Fix(python=_MIGRATE)
    kept = change.verb == "drop" and change.kind in {Kind.VIEW, Kind.CONSTRAINT}
    return Fix(statements, python="" if statements else _GENERATE, mechanical=not kept)


def _said(change: Change) -> str:
    """``change`` leads from the database to what is declared."""
    return {
        "add": "The database lacks",
        "drop": "The database has, and the models do not",
        "alter": "The database has another",
    }[change.verb]


def _altered(change: Change) -> str:
    return f" ({', '.join(sorted(change.altered))})" if change.altered else ""


_MIGRATE = "freehold migrate  # which makes its policies and grants too"
_GENERATE = '# declare it in the models, then: freehold generate -m "..." && freehold migrate'

RULE = Rule(
    id="AU811",
    title="Protection differs from the models",
    severity=Severity.ERROR,
    why="A policy, a grant, a row security flag or a key was changed by hand, or a revision was not applied. Reviews read "
    "the models; callers meet the database.",
    remedy="Apply the revisions (freehold migrate), undo what was changed by hand, or declare it in the models.",
    about=Drift,
    check=_check,
)
