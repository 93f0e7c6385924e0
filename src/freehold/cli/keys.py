"""Commands for the key ring and for what it seals."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any, Final, TypeAlias

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from freehold.cli.exits import Exit, err, out
from freehold.errors import Code, ConfigurationError, KeyWorkError
from freehold.server import resolve
from freehold.settings import Settings

Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Dry: TypeAlias = Annotated[bool, typer.Option("--dry-run", help="Count what there is to do, and change nothing.")]
User: TypeAlias = Annotated[str, typer.Argument(help="The user's id.")]
Yes: TypeAlias = Annotated[bool, typer.Option("--yes", help="Do not ask.")]

_app: Final = typer.Typer(no_args_is_help=True, help="Make keys, see what is sealed with which, rotate, forget.")
_rotate: Final = typer.Typer(no_args_is_help=True, help="Seal with a new key what is sealed with an old one.")


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    _app.command("new")(_new)
    _app.command("status")(_status)
    _app.command("migrate-legacy")(_migrate_legacy)
    _app.command("forget")(_forget)
    _rotate.command("ring")(_rotate_ring)
    _rotate.command("user")(_rotate_user)
    _app.add_typer(_rotate, name="rotate")
    app.add_typer(_app, name="keys")


def _new(
    id_: Annotated[
        str | None, typer.Option("--id", help="1-16 lower-case letters and digits; today's date if left out.")
    ] = None,
) -> None:
    """Print a new key as FREEHOLD_KEYS takes it. It is shown once: keep it where secrets are kept."""
    from freehold.encryption import RingKey  # noqa: PLC0415

    out.print(RingKey.new(id_ or datetime.now(UTC).strftime("%Y%m%d")).text, markup=False)


def _status(as_json: Json = False) -> None:
    """Say how many values each key seals, and how many are not sealed yet."""
    from freehold.keys import status  # noqa: PLC0415

    with _session() as (session, columns):
        found = status(session, columns)
    if as_json:
        out.print(json.dumps(asdict(found)), markup=False)
    else:
        out.print(f"ring      {' '.join(found.ring)}, primary {found.primary}")
        for ring_key, count in found.wrapped.items():
            out.print(f"wrapped   {count} data keys by {ring_key}")
        for column in found.columns:
            keys = ", ".join(f"{count} under {kid}" for kid, count in column.keys.items()) or "no value sealed"
            legacy = f", [bold red]{column.unauthenticated} unauthenticated[/]" if column.unauthenticated else ""
            out.print(f"column    {column.column}: {keys}{legacy}")
        for ring_key in found.missing:
            out.print(f"[bold red]missing[/]   the ring key {ring_key}: what it wraps or seals does not open")
        for job, done in found.unfinished.items():
            out.print(f"[bold]unfinished[/] {job}: {done} done")
    if not found.settled or found.missing:
        raise typer.Exit(Exit.DIFFERENT)


def _rotate_ring(dry: Dry = False, as_json: Json = False) -> None:
    """Wrap every user's data keys with the primary ring key."""
    from freehold.keys import rotate_ring  # noqa: PLC0415

    with _session() as (session, columns), _progress(as_json) as report:
        outcomes = rotate_ring(session, columns, report, dry=dry)
    _show(outcomes, dry, as_json)


def _rotate_user(user: User, dry: Dry = False, as_json: Json = False) -> None:
    """Give a user a new data key, and seal the user's values with it; again later, remove the old one."""
    from freehold.keys import rotate_user  # noqa: PLC0415

    with _session() as (session, columns), _progress(as_json) as report:
        outcomes = rotate_user(session, columns, user, report, dry=dry)
    _show(outcomes, dry, as_json)


def _migrate_legacy(dry: Dry = False, as_json: Json = False) -> None:
    """Seal the values of the Node platform that FREEHOLD_KEYS has the legacy key of."""
    from freehold.keys import migrate_legacy  # noqa: PLC0415

    with _session() as (session, columns), _progress(as_json) as report:
        outcomes = migrate_legacy(session, columns, report, dry=dry)
    _show(outcomes, dry, as_json)


def _forget(user: User, yes: Yes = False, dry: Dry = False, as_json: Json = False) -> None:
    """Delete a user's data keys, so that nothing sealed with them opens again."""
    from freehold.keys import forget  # noqa: PLC0415

    if not (yes or dry):
        typer.confirm(f"What {user} has sealed will be lost for good. Go on?", abort=True, err=True)
    with _session() as (session, columns):
        forgotten = forget(session, columns, user, dry=dry)
    if as_json:
        out.print(json.dumps(asdict(forgotten)), markup=False)
        return
    if not forgotten.keys:
        out.print(f"There is no data key of {user}: nothing to forget.", markup=False)
        return
    lost = ", ".join(f"{count} in {column}" for column, count in forgotten.values.items() if count) or "no value"
    out.print(f"{'Would delete' if dry else 'Deleted'} {forgotten.keys} data keys; they sealed: {lost}.")


def _show(outcomes: Sequence[Any], dry: bool, as_json: bool) -> None:
    if as_json:
        out.print(json.dumps([asdict(outcome) for outcome in outcomes]), markup=False)
    else:
        for outcome in outcomes:
            counted = f"{outcome.total} to do" if dry else f"{outcome.sealed} sealed anew"
            out.print(f"{outcome.job}: {counted}", markup=False)
    failed = sum(outcome.failed for outcome in outcomes)
    if failed:
        raise KeyWorkError(
            Code.ROTATION_INCOMPLETE,
            f"{failed} values could not be opened, and stay as they are.",
            detail="; ".join(row for outcome in outcomes for row in outcome.rows),
            hint="Restore these rows from a backup, or let their users set the values again; then run it again.",
        )


@contextmanager
def _session() -> Generator[tuple[Any, Any]]:
    """The service's connection with the key ring, and the sealed columns of the models."""
    from freehold.keys import KeySession, sealed_columns  # noqa: PLC0415
    from freehold.models.load import load_tables  # noqa: PLC0415
    from freehold.scope import keys_of  # noqa: PLC0415

    settings = Settings.load()
    columns = sealed_columns(load_tables(settings.models))
    ring = keys_of(settings).ring()
    with resolve(settings) as endpoints:
        if endpoints.service is None:
            raise ConfigurationError(
                Code.SETTING_MISSING,
                "There is no login for the service, which reads and writes the values of every owner.",
                hint="Set SERVICE_DATABASE_URL where this command runs, and only there.",
            )
        with KeySession.open(endpoints.service, ring) as session:
            yield session, columns


@contextmanager
def _progress(quiet: bool) -> Generator[Any]:
    """A bar on the terminal, with the time left."""
    columns: tuple[Any, ...] = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[left]}"),
    )
    with Bar(*columns, console=err, transient=True, disable=quiet or not err.is_terminal) as bar:
        task = bar.add_task("", left="")

        def report(progress: Any) -> None:
            left = "" if progress.left is None else f"{progress.left:.0f} s left"
            bar.update(task, description=progress.job, completed=progress.done, total=progress.total, left=left)

        yield report
