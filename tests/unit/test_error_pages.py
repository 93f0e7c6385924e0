"""The error is the product: each code has one page that explains it, and a place that raises it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from freehold.errors import Code

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "errors"
HEADINGS = ("## What happened", "## How to fix it")
USE = re.compile(r"\bCode\.([A-Z_]+)\b")


def _used() -> set[str]:
    """Names of codes that occur in the programs, apart from the module that lists them."""
    modules = [path for folder in ("src", "examples") for path in (ROOT / folder).rglob("*.py")]
    texts = (path.read_text() for path in modules if path != ROOT / "src" / "freehold" / "errors.py")
    return {name for text in texts for name in USE.findall(text)}


def test_codes_and_pages_are_one_to_one() -> None:
    """No code without its page, no page without its code."""
    assert {path.stem for path in PAGES.glob("FH*.md")} == {code.value for code in Code}


@pytest.mark.parametrize("code", Code, ids=str)
def test_a_page_explains_its_code(code: Code) -> None:
    """A page is titled with its code, says what happened, and how to fix it."""
    lines = (PAGES / f"{code}.md").read_text().splitlines()
    assert re.fullmatch(rf"# {code}: \S.*", lines[0])
    starts = [lines.index(heading) for heading in HEADINGS]
    assert starts == sorted(starts)
    for start in starts:
        below = lines[start + 1 :]
        until = next((place for place, line in enumerate(below) if line.startswith("## ")), len(below))
        assert any(line.strip() for line in below[:until])


def test_every_code_is_raised_somewhere() -> None:
    """A code that nothing uses is removed, so that its page does not explain what cannot happen."""
    assert {code.name for code in Code} - _used() == set()


def test_codes_are_sorted() -> None:
    """The list is in the order of its values, so that a free number is easy to find."""
    assert [code.value for code in Code] == sorted(code.value for code in Code)
