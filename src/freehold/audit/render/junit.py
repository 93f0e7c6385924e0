"""The report as JUnit XML, which every build server shows: a case for each rule, and for what was not checked."""

from __future__ import annotations

import re
from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from freehold.audit.found import Severity
from freehold.audit.report import Report
from freehold.audit.rules import RULES

_FORBIDDEN: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_junit(report: Report, threshold: Severity) -> str:
    """Findings at ``threshold`` or worse are failures; a gap that matters is an error, any other is skipped."""
    suite = Element("testsuite", name="freehold audit", time=f"{report.seconds:.3f}")
    rules = {**RULES, **{each.rule.id: each.rule for each in report.findings}}
    for rule in rules.values():
        case = SubElement(suite, "testcase", classname="freehold.audit", name=f"{rule.id} {rule.title}", time="0")
        for each in (each for each in report.findings if each.rule.id == rule.id and each.severity.reaches(threshold)):
            failure = SubElement(case, "failure", type=each.severity.value, message=_clean(each.found.message))
            failure.text = _clean(f"{each.found.place or each.found.subject}\n{each.found.fix.text}")
    for gap in report.gaps:
        case = SubElement(suite, "testcase", classname="freehold.audit.checked", name=_clean(gap.what), time="0")
        SubElement(case, "error" if gap.needed else "skipped", message=_clean(f"{gap.why}. {gap.remedy}"))
    suite.set("tests", str(len(suite.findall("testcase"))))
    for word, path in (("failures", ".//failure"), ("errors", ".//error"), ("skipped", ".//skipped")):
        suite.set(word, str(len(suite.findall(path))))
    root = Element("testsuites")
    root.append(suite)
    indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("?", text)
