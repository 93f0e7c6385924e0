"""What the pages show is what happens: every block runs, in the order in which a reader meets it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import pytest

from freehold.errors import FreeholdError
from freehold.models.rules import undeclared
from tests.docs.page import ROOT, SETUP, TYPED, Follow, Step, matches, pages, preparations, steps_in, steps_of

PAGES = pages()

NOT_RUN: dict[str, int] = {"docs/how-to/sessions.md": 1}
"""How many blocks of a page do not run, each with its reason as first line; pages not named here run all of theirs."""


@pytest.mark.parametrize("page", [page for page in PAGES if steps_of(page)])
def test_a_page_does_what_it_shows(page: str, follow: Follow) -> None:
    """The blocks of a page run one after the other, print what stands below them, and fail where that is shown."""
    steps = [step for step in steps_of(page) if step.skipped is None]
    done = follow(page, steps)
    for step, found in zip(steps, done, strict=False):
        _compare(step, found)
    assert len(done) == len(steps)


def _compare(step: Step, found: dict[str, str | None]) -> None:
    where = f"{step.page}:{step.line}"
    if step.error is None:
        assert found["error"] is None, f"{where} failed:\n{found.get('trace')}\n{found['error']}"
    else:
        assert found["error"] is not None, f"{where} shows an error, and there was none:\n{step.text}"
        assert matches(step.error, found["error"]), f"{where} fails with another text:\n{found['error']}"
    if step.output is not None:
        printed = found["output"] or ""
        assert matches(step.output, printed), f"{where} prints something else:\n{printed}"


def test_a_page_that_lies_is_found(follow: Follow) -> None:
    """The positive control: another output, a failure that is not shown and one that does not come are all noticed."""
    step = Step("docs/index.md", 1, "python", "print('a')\n")
    printed, failed = follow("", [step, replace(step, text="raise ValueError('b')\n")])
    _compare(replace(step, output="a"), printed)
    _compare(replace(step, error="b"), failed)
    for lie, found in (
        (replace(step, output="b"), printed),
        (replace(step, error="a"), printed),
        (step, failed),
        (replace(step, error="a"), failed),
    ):
        with pytest.raises(AssertionError):
            _compare(lie, found)


def test_no_block_is_left_out_silently() -> None:
    """A block that does not run says why, and is counted."""
    skipped = [step for page in PAGES for step in steps_in(page) if step.skipped is not None]
    assert Counter(step.page for step in skipped) == NOT_RUN
    assert all(len((step.skipped or "").split()) > 2 for step in skipped)


def test_every_python_block_is_seen() -> None:
    """No block hides from the runner by standing where it does not look: indented, or under another fence."""
    for page in PAGES:
        shown = len(
            re.findall(r"^\s*[`~:]{3,}\s*\{?(?:code-block\}\s*)?python", (ROOT / page).read_text(), re.MULTILINE)
        )
        assert shown == sum(
            step.kind == "python" or (step.kind == "file" and (step.file or "").endswith(".py"))
            for step in steps_in(page)
        ), page


def test_files_are_used() -> None:
    """A block that is saved as a file is run by a command further down."""
    for page in PAGES:
        steps = steps_in(page)
        for place, step in enumerate(steps):
            if step.kind == "file" and (step.file or "").endswith(".py"):
                later = [each.text for each in steps[place:] if each.kind == "command"]
                assert any(step.file or "" in text for text in later), f"{page}:{step.line}"


def test_what_a_reader_types_is_typed() -> None:
    """Where a reader's whole way is shown, only what prepares a machine is not run."""
    commands = [command for page in PAGES if page.startswith(TYPED) for command in preparations(page)]
    assert commands
    assert [command for command in commands if command.split()[0] not in SETUP] == []


def test_the_error_in_the_readme_is_the_error() -> None:
    """The README shows what a model without an owner gets."""
    error: FreeholdError = undeclared("notes")
    assert f"```text\n{error}\n```" in (ROOT / "README.md").read_text()
