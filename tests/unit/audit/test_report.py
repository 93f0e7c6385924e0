"""The report in every form: complete, safe against names that are code, and honest about what was not looked at."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from freehold.audit import rules
from freehold.audit.baseline import Baseline
from freehold.audit.compare import Difference
from freehold.audit.found import Found, Severity
from freehold.audit.looked import Looked
from freehold.audit.render.html_page import to_html
from freehold.audit.render.json_report import to_json
from freehold.audit.render.junit import to_junit
from freehold.audit.render.markdown import to_markdown
from freehold.audit.render.sarif import to_sarif
from freehold.audit.report import Report
from freehold.audit.rules import RULES
from freehold.cli import audit_text
from freehold.errors import ConfigurationError
from tests.unit.audit.sample import ASIDE, GAP, MINOR, OPEN, SET, report

PARTS = ("Findings", "Patch plan", "Files to change", "Security notes", "Verification steps", "Not checked")


def _text(made: Report, width: int) -> str:
    file = io.StringIO()
    audit_text._print(Console(file=file, width=width, color_system=None), made, None)
    return file.getvalue()


def test_worst_comes_first_and_every_part_is_there() -> None:
    """In text and in Markdown, in this order."""
    made = report(MINOR, SET, OPEN, gaps=(GAP,))
    assert [each.rule.id for each in made.findings] == ["AU101", "AU701", "AU206"]
    for text in (_text(made, 100), to_markdown(made)):
        places = [text.index(part) for part in PARTS]
        assert places == sorted(places)


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_text_keeps_to_the_width_of_the_terminal(width: int) -> None:
    """No line is wider than the terminal, nor than reads well; nothing a terminal would obey gets through."""
    text = _text(report(MINOR, SET, OPEN, gaps=(GAP, ASIDE)), width)
    code = ("     ", "  SELECT ")  # is not wrapped, so that it can be pasted
    assert max(len(line) for line in text.splitlines() if not line.startswith(code)) <= min(width, 120)
    assert "\x1b" not in text


def test_nothing_found_is_clean_only_where_everything_was_looked_at() -> None:
    """A gap that matters takes the word away; one that is said for completeness does not."""
    assert report(gaps=(ASIDE,)).verdict == "Nothing found."
    assert report(gaps=(ASIDE,)).complete
    assert "not everything" in report(gaps=(GAP,)).verdict
    assert not report(gaps=(GAP,)).complete


def test_files_name_what_to_do_in_them() -> None:
    """Source by its file, schema by a revision."""
    assert dict(report(SET, OPEN).files).keys() == {"app/db.py", "migrations/ (a new revision)"}


def test_sarif_has_the_required_shape() -> None:
    """SARIF 2.1.0, sections 3.13 to 3.52: what a code host refuses to do without, and the rules that allow."""
    made = json.loads(to_sarif(report(SET, OPEN, gaps=(GAP,))))
    assert made["version"] == "2.1.0"
    (run,) = made["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert run["tool"]["driver"]["name"]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["shortDescription"]["text"]
        assert rule["defaultConfiguration"]["level"] in {"error", "warning", "note"}
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"]
        (location,) = result["locations"]
        uri = location["physicalLocation"]["artifactLocation"]["uri"]
        assert uri
        assert not uri.startswith("/")
        assert location["physicalLocation"]["region"]["startLine"] >= 1
        assert re.fullmatch("[0-9a-f]{16}", result["partialFingerprints"]["freehold/v1"])
    assert [result.get("suppressions", [{}])[0].get("kind") for result in run["results"]] == [None, None, "external"]
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert "FH307" in invocation["toolExecutionNotifications"][0]["message"]["text"]


def test_junit_counts_what_it_lists() -> None:
    """Failures at the threshold, gaps as errors; XML that can be read whatever a name holds."""
    suite = ET.fromstring(to_junit(report(MINOR, SET, OPEN, gaps=(GAP, ASIDE)), Severity.ERROR))[0]
    assert (suite.get("failures"), suite.get("errors"), suite.get("skipped")) == ("2", "1", "1")
    assert suite.get("tests") == str(len(suite.findall("testcase")))


def test_html_is_one_safe_page() -> None:
    """Nothing loaded, nothing run, names escaped, every cell of the matrix in words as well."""
    page = to_html(report(SET, OPEN, gaps=(GAP,), matrix=True))
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert re.findall(r"(?:src|href)=[\"']?(?![#\"'])[^\s>]+", page) == []
    assert "url(" not in page
    assert page.count('aria-label="SELECT by') == 5
    assert '<html lang="en">' in page
    assert "prefers-color-scheme: dark" in page


def test_markdown_keeps_its_table() -> None:
    """A bar in a name does not make a column."""
    line = next(line for line in to_markdown(report(OPEN)).splitlines() if "AU101" in line)
    assert len(re.findall(r"(?<!\\)\|", line)) == 5
    assert "<script" not in line


def test_a_baseline_accepts_with_reasons(tmp_path: Path) -> None:
    """Reasons that were written stay; what is gone goes; what is new has to be looked at."""
    path = tmp_path / "baseline.json"
    path.write_text(Baseline({}).with_findings([OPEN, MINOR]))
    rows: dict[str, Any] = json.loads(path.read_text())
    rows["accepted"][0]["reason"] = "a table of the demo"
    path.write_text(json.dumps(rows))
    looked = Looked()
    looked.add([(each.rule, each.found) for each in (OPEN, SET)], OPEN.surfaces[0])
    made = Report.of(looked, (), 0.1, Baseline.load(path))
    assert [each.rule.id for each in made.findings] == ["AU701"]
    assert [reason for _, reason in made.accepted] == ["a table of the demo"]
    assert "a table of the demo" in Baseline.load(path).with_findings([OPEN])
    assert "AU206" not in Baseline.load(path).with_findings([OPEN])


@pytest.mark.parametrize("text", ["", "[]", '{"accepted": [{"fingerprint": "x"}]}', "{"])
def test_a_file_that_is_no_baseline_is_refused(text: str, tmp_path: Path) -> None:
    """FH801, not a traceback and not an empty baseline."""
    path = tmp_path / "b.json"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as refused:
        Baseline.load(path)
    assert refused.value.code == "FH801"


def test_the_difference_is_what_is_new(tmp_path: Path) -> None:
    """Findings, gaps and weaker cells; moved lines are no difference."""
    path = tmp_path / "before.json"
    path.write_text(to_json(report(OPEN, matrix=True)))
    same = Difference.between(path, report(OPEN, matrix=True))
    assert (same.worse, same.gone) == (False, ())
    worse = Difference.between(path, report(SET, gaps=(GAP,)))
    assert [each.rule.id for each in worse.new] == ["AU701"]
    assert [gap.what for gap in worse.unlooked] == [GAP.what]
    assert len(worse.weakened) == 1
    assert len(worse.gone) == 1
    assert to_markdown(report(SET), worse).index("**new**") < to_markdown(report(SET), worse).index("## Findings")


def test_a_rule_that_fails_is_a_gap() -> None:
    """A schema that no rule was made for costs one rule, is said, and is not clean."""
    looked = Looked()

    def check(_: object) -> list[Found]:
        raise ValueError

    broken = replace(RULES["AU821"], check=check)
    assert list(rules._checked(broken, object(), looked.failed)) == []
    assert [gap.needed for gap in looked.gaps] == [True]
    assert "ValueError" in looked.gaps[0].why
