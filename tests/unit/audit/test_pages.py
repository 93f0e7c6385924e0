"""A rule is one file with one page; what the page says is what the rule says."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
import typer.main

from freehold.audit import rules
from freehold.audit.adopted import ADOPTED, LEFT_OUT
from freehold.audit.page import main, pages
from freehold.audit.rules import RULES
from freehold.cli.app import app

FOLDER = Path(__file__).parents[3] / "docs" / "audit"
WITHOUT_EXAMPLE = {"AU100", "AU504", "AU811", "AU812", "AU821", "AU822", "AU834"}
"""Rules about errors, servers, differences and matrices, whose tests stand elsewhere."""


def test_the_pages_are_what_the_rules_say(tmp_path: Path) -> None:
    """After a change: python -m freehold.audit.page docs/audit."""
    main(tmp_path)
    assert {path.name: path.read_text() for path in FOLDER.glob("*.md")} == {
        path.name: path.read_text() for path in tmp_path.glob("*.md")
    }
    assert pages().keys() == {"index.md", *(f"{name}.md" for name in RULES)}


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_a_rule_is_complete(rule: rules.Rule[object]) -> None:
    """It lies in a file of its name, says why it matters and what to do, and has an example that is its test."""
    files = [path.stem for path in Path(rules.__file__).parent.glob("au*.py") if path.stem.startswith(rule.id.lower())]
    assert len(files) == 1
    assert len(rule.why.split()) > 8
    assert rule.remedy.endswith(".")
    assert (rule.example is None) == (rule.id in WITHOUT_EXAMPLE)


def test_the_zoo_is_large_enough() -> None:
    """At least forty broken schemas and sources, each beside a clean one."""
    assert sum(rule.example is not None for rule in RULES.values()) >= 40


def test_every_rule_of_pgrls_is_somewhere_once() -> None:
    """Covered by one of ours, adopted under a number, or left out with a reason; none is forgotten."""
    registry = pytest.importorskip("pgrls.rules")
    covered = [name for rule in RULES.values() for name in rule.covers]
    assert len(covered) == len(set(covered))
    assert not set(ADOPTED) & set(covered)
    known = {*covered, *ADOPTED, *LEFT_OUT}
    assert {rule.id for rule in registry.all_rules()} - known == set()


def test_the_commands_of_the_how_to_are_commands() -> None:
    """Each `freehold audit` of the page, the build recipe's included, has options that there are."""
    page = (FOLDER.parent / "how-to" / "audit.md").read_text()
    typed = [
        shlex.split(line.strip().split(" || ")[0], comments=True)
        for line in page.splitlines()
        if line.strip().startswith("freehold audit")
    ]
    assert len(typed) >= 8
    command = typer.main.get_group(app).get_command(None, "audit")  # type: ignore[arg-type]
    for words in typed:
        command.make_context("audit", words[2:], resilient_parsing=False).close()
