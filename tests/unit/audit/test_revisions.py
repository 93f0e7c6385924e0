"""Rules about revisions as text: each finds its example, at its line, and leaves the counterpart alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from freehold.audit.revised import Revised, revisions
from freehold.audit.rule import Rule
from freehold.audit.rules import RULES, found
from freehold.errors import Code, MigrationError
from freehold.migrations.manifest import VERSIONS, seal

ABOUT = [rule for rule in RULES.values() if rule.about is Revised]


def _found(text: str) -> list[tuple[str, int]]:
    findings = list(found(Revised.of("x.up.sql", text)))
    return [(rule.id, each.place.line if each.place else 0) for rule, each in findings]


@pytest.mark.parametrize("rule", ABOUT, ids=lambda rule: rule.id)
def test_the_example_is_found_at_its_line(rule: Rule[Revised]) -> None:
    """By this rule and no other, and its fix says something; what stands beside it is not found."""
    assert rule.example is not None
    ((name, line),) = _found(rule.example.bad)
    assert name == rule.id
    assert "notes" in rule.example.bad.splitlines()[line - 1]
    assert [each.fix.text for each in rule.check(Revised.of("x", rule.example.bad)) if not each.fix.text] == []
    assert _found(rule.example.good) == []


def test_an_edited_revision_is_found(tmp_path: Path) -> None:
    """By its sum; other troubles of a history are gaps, and no finding."""
    path = tmp_path / VERSIONS / "5d1f0a7c9e22_notes.up.sql"
    path.parent.mkdir()
    for each in (path, path.with_name("5d1f0a7c9e22_notes.down.sql")):
        each.write_text("-- freehold: revision 5d1f0a7c9e22\n-- freehold: unit transaction\n")
    seal(tmp_path)
    (revised,) = revisions(tmp_path)
    assert revised.file.endswith(path.name)
    path.write_text(path.read_text() + "-- freehold: statement\nDROP TABLE notes;\n")
    with pytest.raises(MigrationError) as edited:
        list(revisions(tmp_path))
    ((rule, each),) = found(edited.value)
    assert (rule.id, each.key) == ("AU834", "FH402")
    assert list(found(MigrationError(Code.REVISION_MISSING, "gone"))) == []
