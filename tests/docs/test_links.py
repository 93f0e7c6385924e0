"""Links between files of the repository lead somewhere; Sphinx sees only those between pages."""

from __future__ import annotations

import re

import pytest

from tests.docs.page import ROOT, pages


@pytest.mark.parametrize("page", [*pages(), "CONTRIBUTING.md", "CHANGELOG.md"])
def test_relative_links_lead_somewhere(page: str) -> None:
    """Every relative link of a page is a file or a folder."""
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = [target.partition("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in target]
    assert [target for target in targets if target and not (ROOT / page).parent.joinpath(target).exists()] == []


def test_modules_that_the_explanation_names_exist() -> None:
    """A path below ``src/freehold`` in backticks is there."""
    pattern = re.compile(r"`((?:policies|models|scope|wire|server|migrations|catalog|auth|actions)/[\w/.]+)`")
    explanation = (ROOT / "docs" / "explanation").glob("*.md")
    named = {name for page in explanation for name in pattern.findall(page.read_text(encoding="utf-8"))}
    assert named
    assert [name for name in sorted(named) if not (ROOT / "src" / "freehold" / name).exists()] == []
