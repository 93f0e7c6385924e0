"""The command that writes clients."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from freehold.cli.exits import Exit, err, out


class Language(StrEnum):
    """What a client can be written in."""

    TYPESCRIPT = "ts"


Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Places: TypeAlias = Annotated[
    list[str], typer.Argument(metavar="MODULE[:NAME]...", help="Where the actions are: app.actions, app.tasks:ACTIONS.")
]
Out: TypeAlias = Annotated[Path | None, typer.Option("--out", "-o", help="The file; standard output without.")]
Check: TypeAlias = Annotated[bool, typer.Option("--check", help="Write nothing; exit code 3 if the file is not so.")]


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("client")(_client)


def _client(language: Language, modules: Places, path: Out = None, check: Check = False, as_json: Json = False) -> None:
    """Write a typed client of the actions in MODULE: one TypeScript file that needs nothing else."""
    from freehold.actions.find import actions_at  # noqa: PLC0415 - FastAPI takes a second to import
    from freehold.actions.typescript import typescript  # noqa: PLC0415

    actions = actions_at(*modules)
    text = {Language.TYPESCRIPT: typescript}[language](actions)
    if path is None:
        out.print(text, markup=False, end="")
        return
    current = path.read_text(encoding="utf-8") if path.is_file() else None
    if check and current != text:
        err.print(f"{path} is not what the actions make.")
        raise typer.Exit(Exit.DIFFERENT)
    if not check and current != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    _tell(path, len(actions), changed=current != text, as_json=as_json)


def _tell(path: Path, count: int, *, changed: bool, as_json: bool) -> None:
    if as_json:
        out.print(json.dumps({"file": str(path), "actions": count, "changed": changed}), markup=False)
    else:
        out.print(f"{'[bold green]written[/]' if changed else 'unchanged'} {path}, {count} actions")
