"""A page of the documentation as the steps a reader would take: code to run, files to save, commands to type.

A page is ordinary Markdown; what its fenced blocks mean is said where the reader sees it too:

``python``        runs, in the page's namespace, after the blocks above it; ``await`` may stand at the top level.
                  Where the line above or below it ends or begins by naming a file (``Save this as `notes.py`:``,
                  ``Saved as `notes.py` ...``), it is saved under that name, and a command further down uses it.
                  Where its first line is ``# not run: ...``, it does not run, and the reader learns why.
``diff``          is applied to the file that the line above names.
``console``       lines after ``$`` are typed, in order; what stands below each is what it prints. A command whose
                  output begins with an error's code has to fail.
``text output``   is what the block above prints.
``text error``    is how the block above fails, which it must.

``...`` stands for anything in all of these. ``sh`` blocks are for the reader's own machine or server; on pages of
`TYPED` they may only hold the commands of `SETUP`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
TYPED: Final = ("README.md", "docs/tutorial/")
"""Pages that show a reader's whole way: nothing on them is left to trust."""

SETUP: Final = frozenset({"pip", "python3", "git", "cd", "make"})
"""Commands that prepare a machine, which is prepared, or run what is running."""

_FENCE: Final = re.compile(r"^```(?P<info>[^`\n]*)\n(?P<text>.*?)^```$\n?", re.MULTILINE | re.DOTALL)
_NAMED_ABOVE: Final = re.compile(r"`([\w./-]+\.(?:py|toml))`:\s*\Z")
_NAMED_BELOW: Final = re.compile(r"\s*Saved as `([\w./-]+\.py)`")
_NOT_RUN: Final = re.compile(r"# not run: (\S.*)")
_FAILS: Final = re.compile(r"FH\d{3} ")


@dataclass(frozen=True)
class Step:
    """One thing to do. ``kind``: ``python``, ``file``, ``diff`` or ``command``; ``skipped``: why it is not done."""

    page: str
    line: int
    kind: str
    text: str
    file: str | None = None
    skipped: str | None = None
    output: str | None = None
    error: str | None = None


Follow = Callable[[str, list[Step]], list[dict[str, Any]]]
"""Takes the steps of a page, and says what became of each."""


def pages() -> list[str]:
    """Every page, README first, as paths from the root of the repository."""
    found = [path.relative_to(ROOT).as_posix() for path in sorted((ROOT / "docs").rglob("*.md"))]
    return ["README.md", *(path for path in found if not path.startswith("docs/_build/"))]


def steps_of(page: str) -> list[Step]:
    """The steps of a page, after those of its folder's index: what the pages of a folder take for granted."""
    own = steps_in(page)
    index = Path(page).with_name("index.md").as_posix()
    shared = steps_in(index) if own and index != page and (ROOT / index).exists() else []
    return [*shared, *own]


def steps_in(page: str) -> list[Step]:
    """The steps that stand on one page."""
    text = (ROOT / page).read_text(encoding="utf-8")
    steps: list[Step] = []
    for fence in _FENCE.finditer(text):
        language, _, word = fence["info"].strip().partition(" ")
        line = text.count("\n", 0, fence.start()) + 2
        if language == "text" and word in {"output", "error"}:
            shown = fence["text"].rstrip()
            steps[-1] = replace(steps[-1], output=shown) if word == "output" else replace(steps[-1], error=shown)
        elif language == "console":
            steps += _typed(page, line, fence["text"])
        elif language in {"python", "diff", "toml"}:
            named = _NAMED_ABOVE.search(text, 0, fence.start()) or _NAMED_BELOW.match(text, fence.end())
            steps += _written(Step(page, line, language, fence["text"], named and named[1]))
    return steps


def preparations(page: str) -> list[str]:
    """The commands in the ``sh`` blocks of a page."""
    text = (ROOT / page).read_text(encoding="utf-8")
    blocks = (fence["text"] for fence in _FENCE.finditer(text) if fence["info"].strip() == "sh")
    return [line for block in blocks for line in block.splitlines() if line.strip()]


def _written(step: Step) -> Iterator[Step]:
    if reason := _NOT_RUN.match(step.text):
        yield replace(step, skipped=reason[1])
    elif step.file and step.kind != "diff":
        yield replace(step, kind="file")
    elif step.kind != "toml":
        yield step


def _typed(page: str, line: int, text: str) -> Iterator[Step]:
    """The commands of a block, each with what it prints."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        step = Step(page, line, "command", command)
        yield replace(step, error=shown.rstrip()) if _FAILS.match(shown) else replace(step, output=shown.rstrip())


def matches(expected: str, found: str) -> bool:
    """Whether ``found`` is ``expected``, where ``...`` stands for anything and ends of lines do not count."""
    parts = (re.escape(part) for part in _trimmed(expected).split("..."))
    return re.fullmatch(".*?".join(parts), _trimmed(found), re.DOTALL) is not None


def _trimmed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())
