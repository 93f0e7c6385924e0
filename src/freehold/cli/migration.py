"""Commands that make migrations and apply them.

What only `generate` and `check` need, Alembic and the models, takes a second to import; they import it themselves, so
that the others start at once.
"""

from __future__ import annotations

import gc
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer
from rich.filesize import decimal
from rich.text import Text

from freehold.cli.exits import Exit, err, out
from freehold.cli.place import owner_dsn, progress, recall, shadows
from freehold.migrations import Options, Status, accept, migrate, rollback, status
from freehold.migrations.preview import Preview, preview
from freehold.migrations.squawk import program
from freehold.settings import Settings

if TYPE_CHECKING:
    from freehold.migrations.generate import Generated

Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Message: TypeAlias = Annotated[str, typer.Option("--message", "-m", help="What the revision does, in a few words.")]
AllowDrop: TypeAlias = Annotated[bool, typer.Option(help="Let tables and columns be dropped, with their data.")]
AllowBlocking: TypeAlias = Annotated[bool, typer.Option(help="Let a table be rewritten while nobody can use it.")]
SignOff: TypeAlias = Annotated[
    str | None, typer.Option(help="Why something may guard less than before; the revision says so.")
]
Verify: TypeAlias = Annotated[
    bool | None,
    typer.Option(help="Compare the database with the revisions, also at head.", show_default="when applying"),
]
DryRun: TypeAlias = Annotated[
    bool, typer.Option("--dry-run", help="Say what would run, and what it locks; run nothing.")
]
Values: TypeAlias = Annotated[list[str], typer.Option("--set", help="column=SQL expression; may be repeated.")]
Where: TypeAlias = Annotated[str, typer.Option(help="An SQL condition; no row fulfils it afterwards.")]
Size: TypeAlias = Annotated[int, typer.Option(min=1, help="Rows in a batch, each batch a commit.")]
Fresh: TypeAlias = Annotated[bool, typer.Option("--fresh", help="Believe nothing that was seen before.")]
Table: TypeAlias = Annotated[str, typer.Argument(help="table, or schema.table")]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    for command in (_generate, _backfill, _migrate, _status, _check, _rollback, _repair):
        app.command(command.__name__.removeprefix("_"))(command)


def _generate(
    message: Message,
    allow_drop: AllowDrop = False,
    allow_blocking: AllowBlocking = False,
    sign_off: SignOff = None,
    as_json: Json = False,
) -> None:
    """Write the revision from the history to the models, after proving it on a scratch database."""
    settings = Settings.load()
    with shadows(settings) as cluster, progress(as_json) as report:
        # Beside the server, which starts meanwhile.
        from freehold.migrations.generate import Permission, generate  # noqa: PLC0415
        from freehold.migrations.rename import Rename  # noqa: PLC0415
        from freehold.models.load import declared_renames, load_statements  # noqa: PLC0415

        statements = load_statements(settings.models)
        made = generate(
            statements,
            settings.migrations,
            message,
            cluster,
            renames=[Rename(*each) for each in declared_renames()],
            permission=Permission(allow_drop, allow_blocking, sign_off),
            report=report,
            recall=recall(settings),
        )
    _show_generated(made, message, as_json)


def _backfill(
    table: Table, values: Values, where: Where, message: Message, batch: Size = 1000, as_json: Json = False
) -> None:
    """Write a revision that changes rows in batches, and goes on where it was stopped."""
    from freehold.migrations.backfill import Backfill, backfill  # noqa: PLC0415

    settings = Settings.load()
    pairs = [value.partition("=") for value in values]
    if any(not expression for _, _, expression in pairs):
        raise typer.BadParameter("write column=expression", param_hint="--set")
    one = Backfill(table, {name.strip(): expression.strip() for name, _, expression in pairs}, where, batch)
    with shadows(settings) as cluster, progress(as_json) as report:
        made = backfill([one], settings.migrations, message, cluster, report)
    _show_generated(made, message, as_json)


def _show_generated(made: Generated | None, message: str, as_json: bool) -> None:
    if as_json:
        written = None if made is None else {"revision": made.revision, "files": [str(file) for file in made.files]}
        out.print(json.dumps(written), markup=False)
    elif made is None:
        out.print("The models are what the revisions make: nothing to write.")
    else:
        out.print(Text.assemble((made.revision, "bold green"), f"  {message}"), soft_wrap=True)
        for line in (*made.summary, *(f"signed off: {each}" for each in made.weakened)):
            out.print(f"  {line}", style="bold red" if line.startswith("signed off") else None, markup=False)
        for file in made.files:
            out.print(f"  {file}", style="dim", markup=False)
        _tell_squawk(program() is not None)


def _tell_squawk(asked: bool) -> None:
    """Silence would look like consent."""
    if not asked:
        err.print("squawk was not asked: it is not installed (pip install squawk-cli).", style="yellow")


def _migrate(verify: Verify = None, dry_run: DryRun = False, as_json: Json = False) -> None:
    """Apply the revisions that the database lacks, unit by unit; run again it goes on where it stopped."""
    settings = Settings.load()
    if dry_run:
        with owner_dsn(settings) as dsn:
            _show_preview(preview(dsn, settings.migrations), as_json)
        return
    with owner_dsn(settings) as dsn, progress(as_json) as report:
        applied = migrate(dsn, settings.migrations, Options(verify=verify), report)
    if as_json:
        out.print(json.dumps(asdict(applied)), markup=False)
    elif applied.revisions:
        out.print(f"[bold green]applied[/] {', '.join(applied.revisions)}")
    else:
        out.print(_nothing_to_apply(applied.head, settings, compared=bool(verify)))


def _show_preview(found: Preview, as_json: bool) -> None:
    if as_json:
        out.print(json.dumps(asdict(found)), markup=False)
        return
    unit: tuple[str, int] | None = None
    for each in found.statements:
        if unit != (each.revision, each.unit):
            unit = (each.revision, each.unit)
            out.print(Text.assemble((each.revision, "bold"), f"  unit {each.unit}, {each.mode}"))
        first, *rest = each.sql.strip().splitlines()
        out.print(f"  {first}{' ...' if rest else ''}", markup=False)
        if each.lock:
            rows = "rows not counted" if each.rows is None else f"about {each.rows:,} rows"
            size = "" if each.size is None else f" ({decimal(each.size)}, {rows})"
            out.print(
                f"      locks {each.table or 'what it is about'}{size}: {each.lock}",
                style=_colour(each.lock),
                markup=False,
            )
    for line in found.unsafe:
        out.print(f"unsafe: {line}", style="bold red", markup=False)
    out.print("Nothing was run." if found.statements else "There is nothing to run.", style="dim")


def _colour(lock: str) -> str:
    return "bold red" if lock.startswith("ACCESS EXCLUSIVE, re") else "dim"


def _nothing_to_apply(head: str | None, settings: Settings, *, compared: bool) -> str:
    if head is None:
        return _no_revisions(settings)
    return f"At {head} already{', and as its revisions make it' if compared else ''}: nothing to do."


def _no_revisions(settings: Settings) -> str:
    return f'There are no revisions in {settings.migrations}: freehold generate -m "..." writes the first.'


def _status(as_json: Json = False) -> None:
    """Say which revisions the database has, lacks, or failed to apply."""
    settings = Settings.load()
    with owner_dsn(settings) as dsn:
        found = status(dsn, settings.migrations)
    if as_json:
        out.print(json.dumps(asdict(found)), markup=False)
    elif found == Status():
        out.print(_no_revisions(settings))
    else:
        for label, names in (("applied", found.applied), ("pending", found.pending), ("unknown", found.unknown)):
            for name in names:
                out.print(f"{label:8} {name}")
        for failure in found.failed:
            out.print(
                f"[bold red]failed[/]   {failure.revision} unit {failure.unit}: {failure.error or 'not finished'}"
            )
        if found.pending or found.failed:
            out.print(f"Run: freehold {'rollback' if found.being_undone else 'migrate'}", style="bold")
    if not found.at_head:
        raise typer.Exit(Exit.DIFFERENT)


def _check(fresh: Fresh = False, as_json: Json = False) -> None:
    """For CI: fail when the models differ from what the revisions make."""
    gc.disable()
    from freehold.migrations.generate import pending_changes, sound  # noqa: PLC0415

    settings = Settings.load()
    with ThreadPoolExecutor(1, "freehold history") as thread:
        history = thread.submit(sound, settings.migrations)
        # While squawk, a process of its own, reads the history.
        from freehold.models.load import load_statements  # noqa: PLC0415

        statements = load_statements(settings.models)
        known = None if fresh else recall(settings)
        changes = pending_changes(statements, history.result(), partial(shadows, settings), known)
    if as_json:
        out.print(json.dumps([str(change) for change in changes]), markup=False)
    elif not changes:
        out.print("The models are what the revisions make.")
    else:
        for change in changes:
            out.print(str(change), markup=False)
        out.print('Run: freehold generate -m "..."', style="bold")
    if not as_json:
        _tell_squawk(program() is not None)
    if changes:
        raise typer.Exit(Exit.DIFFERENT)


def _rollback(as_json: Json = False) -> None:
    """Undo the newest revision that the database has."""
    settings = Settings.load()
    with owner_dsn(settings) as dsn, progress(as_json) as report:
        undone = rollback(dsn, settings.migrations, report=report)
    if as_json:
        out.print(json.dumps({"undone": undone}), markup=False)
    else:
        out.print("The database has no revision." if undone is None else f"[bold]undone[/] {undone}")


def _repair() -> None:
    """Accept revision files as they are now, after you edited them on purpose."""
    directory = Settings.load().migrations
    accept(directory)
    out.print(f"The checksums in {directory} are those of its files.")
