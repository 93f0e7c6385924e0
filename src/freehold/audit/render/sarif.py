"""The report as SARIF 2.1.0 (OASIS), which code hosts show beside the lines."""

from __future__ import annotations

import json
from typing import Any, Final

from freehold.audit.finding import Finding
from freehold.audit.report import Report
from freehold.audit.rule import Rule

_LEVEL: Final = {"error": "error", "warning": "warning", "note": "note"}


def to_sarif(report: Report) -> str:
    """One run, with a result for each finding; accepted ones are suppressed, gaps are notifications."""
    rules = {each.rule.id: each.rule for each in (*report.findings, *(each for each, _ in report.accepted))}
    order = sorted(rules)
    run = {
        "tool": {"driver": {"name": "freehold audit", "rules": [_rule(rules[name]) for name in order]}},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": report.complete,
                "toolExecutionNotifications": [
                    {
                        "level": "warning" if gap.needed else "note",
                        "message": {"text": f"Not checked: {gap.what}: {gap.why}. {gap.remedy}"},
                    }
                    for gap in report.gaps
                ],
            }
        ],
        "results": [
            *(_result(each, order) for each in report.findings),
            *(
                {**_result(each, order), "suppressions": [{"kind": "external", "justification": reason}]}
                for each, reason in report.accepted
            ),
        ],
    }
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(rule: Rule[Any]) -> dict[str, Any]:
    return {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in rule.title.split()),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": rule.remedy},
        "defaultConfiguration": {"level": _LEVEL[rule.severity.value]},
    }


def _result(finding: Finding, order: list[str]) -> dict[str, Any]:
    place = finding.found.place
    location: dict[str, Any] = {
        "logicalLocations": [{"fullyQualifiedName": finding.found.subject}],
        "physicalLocation": {
            "artifactLocation": {"uri": place.file if place else "pyproject.toml"},
            "region": {"startLine": place.line if place else 1},
        },
    }
    return {
        "ruleId": finding.rule.id,
        "ruleIndex": order.index(finding.rule.id),
        "level": _LEVEL[finding.severity.value],
        "message": {"text": f"{finding.found.message}\n\n{finding.found.fix.text}".strip()},
        "locations": [location],
        "partialFingerprints": {"freehold/v1": finding.fingerprint},
    }
