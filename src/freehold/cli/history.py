"""Commands that work on the history itself: its SQL as text, several revisions as one, two heads as one."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from freehold.cli.exits import out
from freehold.cli.migration import Json, Message
from freehold.cli.place import progress, shadows
from freehold.settings import Settings

Span: TypeAlias = Annotated[
    str | None,
    typer.Argument(metavar="[REVISION | FROM:TO]", help="One revision, or those after FROM up to TO; all without."),
]
Down: TypeAlias = Annotated[bool, typer.Option("--down", help="The SQL that undoes them.")]
Output: TypeAlias = Annotated[
    Path | None, typer.Option("--output", "-o", help="Write it there; - or nothing prints it.")
]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    for command in (_sql, _squash, _merge):
        app.command(command.__name__.removeprefix("_"))(command)


def _sql(revisions: Span = None, down: Down = False, output: Output = None) -> None:
    """Print the SQL of revisions for psql, ledger rows included; needs no database."""
    from freehold.migrations.history import load  # noqa: PLC0415
    from freehold.migrations.offline import offline, selected  # noqa: PLC0415

    history = load(Settings.load().migrations)
    text = offline(selected(history, revisions, down=down), down=down)
    if output is None or str(output) == "-":
        out.print(text, markup=False, end="")
    else:
        output.write_text(text, encoding="utf-8")


def _squash(message: Message, as_json: Json = False) -> None:
    """Make one revision of all, proven to make the same; databases in the middle go on as before."""
    from freehold.migrations.squash import squash  # noqa: PLC0415

    settings = Settings.load()
    with ExitStack() as stack:
        cluster, report = stack.enter_context(shadows(settings)), stack.enter_context(progress(as_json))
        made = squash(settings.migrations, message, cluster, report)
    if as_json:
        fields = {"revision": made.revision, "replaces": made.replaces, "files": [str(file) for file in made.files]}
        out.print(json.dumps(fields), markup=False)
        return
    out.print(f"[bold green]{made.revision}[/]  {message}")
    out.print(f"  instead of {', '.join(made.replaces)}; the facts are the same: {made.facts[:12]}")
    for file in made.files:
        out.print(f"  {file}", style="dim")


def _merge(message: Message = "merge", as_json: Json = False) -> None:
    """Join the heads that branches left, where they touch different things."""
    from freehold.migrations.merge import merge  # noqa: PLC0415

    settings = Settings.load()
    with ExitStack() as stack:
        cluster, report = stack.enter_context(shadows(settings)), stack.enter_context(progress(as_json))
        made = merge(settings.migrations, message, cluster, report)
    if as_json:
        fields = (
            None
            if made is None
            else {"revision": made.revision, "heads": made.heads, "files": [str(f) for f in made.files]}
        )
        out.print(json.dumps(fields), markup=False)
    elif made is None:
        out.print("The history has one head: nothing to join.")
    else:
        out.print(f"[bold green]{made.revision}[/]  {message}")
        out.print(f"  joins {' and '.join(made.heads)}, which touch different things")
        for file in made.files:
            out.print(f"  {file}", style="dim")
