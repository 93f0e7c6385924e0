"""Commands that take over what exists: models from a database, and a database into the history.

What only they need is imported when they run, so that other commands start at once.
"""

from __future__ import annotations

import json
import runpy
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from freehold.catalog import Change, Snapshot, apart, diff, read
from freehold.cli.exits import err, out
from freehold.cli.migration import Json
from freehold.cli.place import owner_dsn, progress, shadows
from freehold.cli.server import admin_dsn
from freehold.migrations.summary import counts
from freehold.settings import Settings
from freehold.wire import connect

if TYPE_CHECKING:
    from freehold.pull import Pulled


Output: TypeAlias = Annotated[
    Path | None, typer.Option("--output", "-o", help="Write the models there; - or nothing prints them.")
]
Compare: TypeAlias = Annotated[bool, typer.Option(help="Say what generate would still change.")]
Message: TypeAlias = Annotated[str, typer.Option("--message", "-m", help="What the first revision is called.")]
Take: TypeAlias = Annotated[
    bool, typer.Option(help="First give the tables to the owner, as the login of ADMIN_DATABASE_URL.")
]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("pull")(_pull)
    app.command("baseline")(_baseline)


def _pull(output: Output = None, compare: Compare = True, as_json: Json = False) -> None:
    """Write models of the tables that a database has."""
    from freehold.pull import pull  # noqa: PLC0415

    settings = Settings.load()
    with owner_dsn(settings) as dsn, connect(dsn) as connection:
        facts = read(connection, owner=connection.info.user)
        pulled = pull(facts, connection.info.dbname)
    file = None if output is None or str(output) == "-" else output
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(pulled.source, encoding="utf-8")
    changes = _changes(settings, facts, pulled.source) if compare else None
    if as_json:
        _pulled_json(pulled, file, changes)
        return
    if file is None:
        out.print(pulled.source, markup=False, end="")
    _told(pulled, file, changes)


def _changes(settings: Settings, facts: Snapshot, source: str) -> Sequence[Change]:
    """What the models that were written make different: found by making it, not by believing them."""
    from freehold.models.load import declared_statements  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as directory, shadows(settings) as cluster, cluster.database() as shadow:
        path = Path(directory) / "pulled.py"
        path.write_text(source, encoding="utf-8")
        runpy.run_path(str(path))
        return diff(apart(facts).own, apart(shadow.try_out(declared_statements())).own)


def _pulled_json(pulled: Pulled, file: Path | None, changes: Sequence[Change] | None) -> None:
    fields = {
        "file": None if file is None else str(file),
        "tables": pulled.tables,
        "remarks": [asdict(remark) for remark in pulled.remarks],
        "tools": pulled.tools,
        "changes": None if changes is None else [str(change) for change in changes],
    }
    if file is None:
        fields["source"] = pulled.source
    out.print(json.dumps(fields), markup=False)


def _told(pulled: Pulled, file: Path | None, changes: Sequence[Change] | None) -> None:
    """On standard error, so that the models may be piped."""
    err.print(f"[bold green]{len(pulled.tables)} tables[/]" + ("" if file is None else f"  {file}"))
    if pulled.tools:
        err.print(f"  left alone: what {', '.join(pulled.tools)} keeps for itself", style="dim")
    for kind, label in (("lost", "[bold red]not in the models[/]"), ("decide", "[bold yellow]to decide[/]")):
        for remark in pulled.remarks:
            if remark.kind == kind:
                err.print(f"  {label}  ", end="")
                err.print(str(remark), markup=False)
    if changes is not None:
        err.print(f"  {_summary(changes)}")


def _summary(changes: Sequence[Change]) -> str:
    if not changes:
        return "The models make exactly this database: generate has nothing to do."
    return f"After freehold baseline, generate will write: {', '.join(counts(changes))}. --json lists them."


def _baseline(message: Message = "baseline", take_ownership: Take = False, as_json: Json = False) -> None:
    """Take over a database that Drizzle, Supabase, Alembic or anybody else made; runs nothing in it."""
    from freehold.migrations.adopt import adopt, give_ownership  # noqa: PLC0415

    settings = Settings.load()
    with ExitStack() as stack:
        dsn = stack.enter_context(owner_dsn(settings))
        if take_ownership:
            moved = give_ownership(admin_dsn("freehold baseline --take-ownership"), f"{settings.app}_owner")
            err.print(f"{moved} objects belong to {settings.app}_owner now.")
        cluster, report = stack.enter_context(shadows(settings)), stack.enter_context(progress(as_json))
        adopted = adopt(dsn, settings.migrations, cluster, message, report)
    if as_json:
        fields = {**asdict(adopted), "files": [str(file) for file in adopted.files]}
        out.print(json.dumps(fields), markup=False)
        return
    out.print(f"[bold green]recorded[/] {', '.join(adopted.recorded)}  [dim]nothing was run[/]")
    for file in adopted.files:
        out.print(f"  {file}", style="dim")
    if adopted.tools:
        out.print(f"  made by {', '.join(adopted.tools)}")
    for name in adopted.left:
        out.print(f"  left alone: {name}", markup=False)
    out.print('Next: freehold generate -m "..." writes what your models want differently.')
