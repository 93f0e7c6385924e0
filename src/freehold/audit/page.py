"""The page of a rule, and the list of them: what the documentation shows is what the rules say.

``python -m freehold.audit.page docs/audit`` writes them; a test compares.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from freehold.audit.adopted import ADOPTED, LEFT_OUT
from freehold.audit.rule import Rule
from freehold.audit.rules import RULES

_ABOUT: Final = {
    "Catalog": "the catalog of a database, or of what the models make",
    "Plans": "the plans of callers' statements (EXPLAIN as the caller)",
    "Module": "source code",
    "Queries": "`@query` functions, and the indexes there are",
    "Declared": "models",
    "Drift": "a database beside its models or revisions",
    "Matrix": "the isolation matrix (`--matrix`)",
    "DeclarationError": "models",
    "Revised": "revisions, as text",
    "MigrationError": "revisions, as text",
}
_PYTHON: Final = ("Module", "Queries", "Declared")


def pages() -> Mapping[str, str]:
    """Every file of the folder, by name."""
    return {"index.md": _index(), **{f"{rule.id}.md": _page(rule) for rule in RULES.values()}}


def _page(rule: Rule[Any]) -> str:
    about = rule.about.__name__
    lines = [f"# {rule.id}: {rule.title}", "", f"**{rule.severity.value}** · looks at {_ABOUT[about]}"]
    if rule.covers:
        lines[-1] += f" · pgrls {', '.join(rule.covers)}"
    lines += ["", "## Why it matters", rule.why, "", "## How to fix it", rule.remedy]
    lines += ["Each finding has the exact statement or line.", ""]
    if rule.example is not None:
        language = "py" if about in _PYTHON else "sql"
        lines += ["## Found", *_block(language, rule.example.bad), ""]
        lines += ["## Not found", *_block(language, rule.example.good), ""]
    return "\n".join(lines).rstrip() + "\n"


def _block(language: str, text: str) -> Iterator[str]:
    yield f"```{language}"
    if language == "sql":
        yield from text.rstrip().split("\n") if text.startswith("--") else (f"{each};" for each in text.split("; "))
    else:
        yield text.rstrip()
    yield "```"


def _index() -> str:
    lines = [
        "# Audit rules",
        "",
        "What [`freehold audit`](../how-to/audit.md) looks for. A number keeps its meaning. Most pages show a schema or a piece",
        "of code that is found, and one beside it that is not; both are tests.",
        "",
        "| rule | severity | what |",
        "|---|---|---|",
        *(f"| [{rule.id}]({rule.id}.md) | {rule.severity.value} | {rule.title} |" for rule in RULES.values()),
        "",
        "## Rules of pgrls",
        "",
        "Where pgrls is installed (`pip install 'freehold[audit]'`), it is asked too. What it finds and a rule above",
        "covers has that rule's number, once. What only pgrls finds has one of these; `pgrls explain` has the background.",
        "",
        "| rule | pgrls | severity | what | why |",
        "|---|---|---|---|---|",
        *(
            f"| {rule.id} | {name} | {rule.severity.value} | {rule.title} | {rule.why} |"
            for name, rule in sorted(ADOPTED.items(), key=lambda item: item[1].id)
        ),
        "",
        "AU999 is a rule of a pgrls newer than this list. These are not taken over:",
        "",
        "| pgrls | why not |",
        "|---|---|",
        *(f"| {name} | {why} |" for name, why in sorted(LEFT_OUT.items())),
        "",
        "```{toctree}",
        ":hidden:",
        ":glob:",
        "",
        "AU*",
        "```",
    ]
    return "\n".join(lines) + "\n"


def main(directory: Path) -> None:
    """Writes the files, and removes those of rules that are gone."""
    directory.mkdir(parents=True, exist_ok=True)
    for path in directory.glob("*.md"):
        path.unlink()
    for name, text in pages().items():
        (directory / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
