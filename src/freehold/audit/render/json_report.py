"""The report as JSON: everything it says, for programs and for `freehold audit --against`."""

from __future__ import annotations

import json
from typing import Any

from freehold.audit.finding import Finding
from freehold.audit.found import Gap, Severity
from freehold.audit.report import Report


def to_json(report: Report) -> str:
    """One JSON object, ``version`` 1."""
    return json.dumps(document(report), indent=2, ensure_ascii=False) + "\n"


def document(report: Report) -> dict[str, Any]:
    """The object."""
    return {
        "version": 1,
        "verdict": report.verdict,
        "complete": report.complete,
        "looked_at": list(report.targets),
        "seconds": round(report.seconds, 3),
        "counts": {severity.value: report.count(severity) for severity in Severity},
        "findings": [_finding(each) for each in report.findings],
        "patch_plan": [
            {
                "title": step.title,
                "where": step.where,
                "sql": list(step.sql),
                "python": step.python,
                "findings": [each.fingerprint for each in step.findings],
            }
            for step in report.steps
        ],
        "files_to_change": [{"file": file, "what": list(what)} for file, what in report.files],
        "security_notes": [{"about": about, "note": note} for about, note in report.notes],
        "verification": [
            {"label": each.label, "text": each.text, "kind": "sql" if each.sql else "command"}
            for each in report.verification
        ],
        "not_checked": [_gap(gap) for gap in report.gaps],
        "accepted": [{**_finding(each), "reason": reason} for each, reason in report.accepted],
        "matrix": dict(report.matrix.document) if report.matrix else None,
    }


def _finding(finding: Finding) -> dict[str, Any]:
    place = finding.found.place
    return {
        "fingerprint": finding.fingerprint,
        "rule": finding.rule.id,
        "title": finding.rule.title,
        "severity": finding.severity.value,
        "subject": finding.found.subject,
        "message": finding.found.message,
        "seen_in": [surface.value for surface in finding.surfaces],
        "file": place.file if place else None,
        "line": place.line if place else None,
        "fix": finding.found.fix.text,
        "mechanical": finding.found.fix.mechanical or finding.found.fix.edit is not None,
        "verify": finding.found.verify or None,
    }


def _gap(gap: Gap) -> dict[str, Any]:
    return {"what": gap.what, "why": gap.why, "remedy": gap.remedy, "needed": gap.needed}
