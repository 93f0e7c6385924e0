"""A report and a matrix to render and compare, made by hand."""

from __future__ import annotations

from typing import Any

from freehold.audit.finding import Finding
from freehold.audit.found import Edit, Fix, Found, Gap, Place, Severity, Surface
from freehold.audit.matrix import Matrix
from freehold.audit.report import Report
from freehold.audit.rules import RULES

_CELL: dict[str, Any] = {
    "command": "SELECT", "form": "where", "caller": "owner", "expected": "allowed", "observed": "allowed", "how": "rows",
    "sqlstate": None, "control": "passed",
}  # fmt: skip
MATRIX: dict[str, Any] = {
    "version": 1,
    "server": {"version": "18.6"},
    "seconds": 1.2,
    "callers": ["owner", "other", "anon", "none", "forged"],
    "tables": [
        {
            "name": "public.tasks",
            "kind": "table",
            "cells": [
                _CELL,
                {**_CELL, "caller": "other", "expected": "denied", "observed": "denied", "how": "zero_rows"},
                {
                    **_CELL,
                    "caller": "anon",
                    "expected": "denied",
                    "observed": "denied",
                    "how": "error",
                    "sqlstate": "42501",
                },
            ],
        }
    ],
    "untested_policies": [],
}

HOSTILE = "</pre><script>alert(1)</script>|`$&\x00\x1b[31m"
"""What a name in a database may hold."""

OPEN = Finding(
    RULES["AU101"],
    Found(
        "public.tasks",
        f"anon can reach every row of {HOSTILE}: row security is not enabled.",
        Fix(("ALTER TABLE public.tasks ENABLE ROW LEVEL SECURITY",), mechanical=True),
        "SELECT relrowsecurity FROM pg_class WHERE oid = 'public.tasks'::regclass",
    ),
    (Surface.MODELS, Surface.DATABASE),
)
SET = Finding(
    RULES["AU701"],
    Found(
        "app/db.py",
        "SET ROLE holds until the connection ends.",
        Fix(python="SET LOCAL ...", edit=Edit(Place("app/db.py", 3), "SET ", "SET LOCAL ")),
        key='execute("SET ROLE x")',
        place=Place("app/db.py", 3),
    ),
    (Surface.SOURCE,),
)
MINOR = Finding(
    RULES["AU206"], Found("public.tasks.p", "p is FOR ALL.", Fix(python="-- split it")), (Surface.DATABASE,)
)
GAP = Gap("plans of callers' statements", "FH307: no connection", "set DATABASE_URL")
ASIDE = Gap("isolation by execution", "no matrix was given", "freehold prove", needed=False)


def report(*findings: Finding, gaps: tuple[Gap, ...] = (), matrix: bool = False) -> Report:
    """A report of these."""
    found = tuple(sorted(findings, key=lambda each: each.order))
    accepted = ((MINOR, "split in the next release"),) if MINOR not in findings else ()
    proof = Matrix.of(MATRIX) if matrix else None
    return Report(found, accepted, gaps, ("8 models",), (Surface.MODELS, Surface.SOURCE), 1.25, None, proof)


def severities(made: Report) -> list[Severity]:
    """Of its findings, in order."""
    return [each.severity for each in made.findings]
