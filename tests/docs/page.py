"""A page of the documentation as the steps a reader would take: code to run, files to save, commands to type.

A page is ordinary Markdown; what its fenced blocks mean is said where the reader sees it too:

``python``              runs, in the page's namespace, after the blocks above it. ``await`` may stand at the top.
  `` `name.py`: ``      at the end of the line above: the block is saved under that name, and a command below uses it.
  ``# not run: why``    as the first line: it does not run, and the reader learns why.
``diff``                is applied to the file that the line above names.
``sh``                  is typed in a shell, on pages of `COMMANDS`.
``text output``         is what the block above prints; ``...`` stands for anything.
``text error``          is how the block above fails: it must.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
COMMANDS: Final = ("README.md", "docs/tutorial/")
"""Where commands are typed; elsewhere they are for the reader's own server."""

SETUP: Final = {
    "pip": "it installs what is installed",
    "python3": "it makes an environment, which is there",
    "git": "it fetches this repository",
    "cd": "it goes where we are",
    "make": "it prepares an environment, or runs these tests",
}
"""Commands that are never typed here, and why."""

_FENCE: Final = re.compile(r"^```(?P<info>[^`\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_NAMED: Final = re.compile(r"`([\w./-]+\.(?:py|toml))`:\s*\Z")
_NOT_RUN: Final = re.compile(r"# not run: (\S.*)")


@dataclass(frozen=True)
class Step:
    """One block. ``kind``: ``python``, ``file``, ``diff`` or ``sh``; ``skipped``: why it does not run."""

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
    found = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md") if "_build" not in path.parts)
    return [*(["README.md"] if (ROOT / "README.md").exists() else []), *found]


def steps_of(page: str) -> list[Step]:
    """The steps of a page, after those of its folder's index: what the pages of a folder take for granted."""
    index = Path(page).with_name("index.md").as_posix()
    shared = steps_in(index) if index != page and (ROOT / index).exists() and not page.endswith("README.md") else []
    own = steps_in(page)
    return [*shared, *own] if own else []


def steps_in(page: str) -> list[Step]:
    """The steps that stand on one page."""
    text = (ROOT / page).read_text(encoding="utf-8")
    steps: list[Step] = []
    for fence in _FENCE.finditer(text):
        language, _, word = fence["info"].strip().partition(" ")
        if language == "text" and word in {"output", "error"}:
            steps[-1] = replace(steps[-1], **{word: fence["text"].rstrip()})
            continue
        line = text.count("\n", 0, fence.start()) + 2
        named = _NAMED.search(text, 0, fence.start())
        steps += _steps(Step(page, line, language, fence["text"], named and named[1]))
    return steps


def _steps(step: Step) -> Iterator[Step]:
    if step.kind in {"python", "toml"}:
        if reason := _NOT_RUN.match(step.text):
            yield replace(step, skipped=reason[1])
        elif step.file:
            yield replace(step, kind="file")
        elif step.kind == "python":
            yield step
    elif step.kind == "diff" and step.file:
        yield step
    elif step.kind == "sh" and step.page.startswith(COMMANDS):
        yield _typed(step)


def _typed(step: Step) -> Step:
    """A block of commands, without those of `SETUP`."""
    if reason := _NOT_RUN.match(step.text):
        return replace(step, skipped=reason[1])
    kept = [line for line in step.text.splitlines() if line.split(maxsplit=1)[:1] and line.split()[0] not in SETUP]
    text = "\n".join(line for line in kept if not line.startswith("#"))
    return replace(step, text=text, skipped=None if text else "only commands that prepare a machine")


def matches(expected: str, found: str) -> bool:
    """Whether ``found`` is ``expected``, where ``...`` stands for anything and ends of lines do not count."""
    parts = (re.escape(part) for part in _trimmed(expected).split("..."))
    return re.fullmatch(".*?".join(parts), _trimmed(found), re.DOTALL) is not None


def _trimmed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())
