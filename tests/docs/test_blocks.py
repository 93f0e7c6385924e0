"""What the pages show is what happens: every block runs, in the order in which a reader meets it."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.docs.page import Follow, Step, matches, pages, steps_in, steps_of

PAGES = pages()

NOT_RUN: dict[str, int] = {}
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
        assert found["error"] is not None, f"{where} shows an error, and there was none"
        assert matches(step.error, found["error"]), f"{where} fails with another text:\n{found['error']}"
    if step.output is not None:
        printed = found["output"] or ""
        assert matches(step.output, printed), f"{where} prints something else:\n{printed}"


def test_no_block_is_left_out_silently() -> None:
    """A block that does not run says why, and is counted."""
    skipped = [step for page in PAGES for step in steps_in(page) if step.skipped is not None]
    found = Counter(step.page for step in skipped if step.page != "README.md" and step.kind != "sh")
    assert dict(found) == NOT_RUN
    assert all(len((step.skipped or "").split()) > 2 for step in skipped)


def test_files_are_used() -> None:
    """A block that is saved as a file is run by a command further down."""
    for page in PAGES:
        steps = steps_in(page)
        for place, step in enumerate(steps):
            if step.kind == "file" and (step.file or "").endswith(".py"):
                module = (step.file or "").removesuffix(".py")
                assert any(later.kind == "sh" and module in later.text for later in steps[place:]), f"{page}:{step.line}"


def test_a_lie_is_found() -> None:
    """The positive control of `matches`: another text, and a text with more to it, are not what was shown."""
    assert matches("FH101: no ... here", "FH101: no owner here\n")
    assert not matches("FH101: no owner", "FH101: no owner here")
    assert not matches("['a']", "['b']")
