"""The command that tries, on a clone, whether everybody gets exactly what the models declare."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, TypeAlias
from urllib.parse import quote, urlsplit, urlunsplit

import typer
from pydantic import SecretStr
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.progress import Progress as Bar

from freehold.cli.exits import Exit, err, out
from freehold.errors import Code, ConfigurationError, ServerError
from freehold.proof.clone import Cluster, Fill, clone, from_database, from_revisions, from_statements
from freehold.proof.prove import Report
from freehold.server import EmbeddedServer, packaged, resolve
from freehold.settings import Settings

_ADMIN: Final = "ADMIN_DATABASE_URL"
_SHADOWS: Final = "shadow"


class Source(StrEnum):
    """Where the schema to prove comes from."""

    REVISIONS = "revisions"
    MODELS = "models"
    DATABASE = "database"


From: TypeAlias = Annotated[
    Source, typer.Option("--from", help="What to prove: what the revisions make, the models, or OWNER_DATABASE_URL.")
]
Symbolic: TypeAlias = Annotated[bool, typer.Option(help="Prove it symbolically too, where pgrls is installed.")]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Markdown: TypeAlias = Annotated[bool, typer.Option("--markdown", help="Print Markdown, for a pull request.")]
Output: TypeAlias = Annotated[Path | None, typer.Option("--output", "-o", help="Write the JSON to a file as well.")]


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("prove")(_prove)


def _prove(
    source: From = Source.REVISIONS,
    symbolic: Symbolic = True,
    as_json: Json = False,
    markdown: Markdown = False,
    output: Output = None,
) -> None:
    """Attack a clone of the schema as every caller, and compare with what the models declare.

    Exit codes: 0 everything is as declared and was looked at, 3 something is not as declared or untested, 4 something
    could not be looked at.
    """
    from freehold.models.load import declared_tables, load_statements  # noqa: PLC0415
    from freehold.proof.prove import prove  # noqa: PLC0415
    from freehold.proof.symbolic import confirmed  # noqa: PLC0415
    from freehold.wire import connect  # noqa: PLC0415

    settings = Settings.load()
    statements = load_statements(settings.models)
    with (
        _fill(source, settings, statements) as fill,
        _cluster(settings) as cluster,
        clone(cluster, fill) as made,
        _progress(as_json or markdown) as report,
    ):
        with connect(made.login_dsn) as login:
            proof = prove(made.admin, login, declared_tables(), report)
        if symbolic:
            proof = confirmed(proof, made.admin_dsn, made.app, declared_tables())
    document = json.dumps(proof.to_json())
    if output is not None:
        output.write_text(document + "\n", encoding="utf-8")
    if as_json:
        out.print(document, markup=False)
    elif markdown:
        out.print(proof.to_markdown(), markup=False, end="")
    else:
        from freehold.cli.matrix import rendered  # noqa: PLC0415

        terminal = Console(highlight=False)
        terminal.print(rendered(proof, terminal.width))
    if not proof.sound:
        raise typer.Exit(Exit.DIFFERENT)
    if not proof.complete:
        raise typer.Exit(Exit.INCOMPLETE)


@contextmanager
def _fill(source: Source, settings: Settings, statements: tuple[str, ...]) -> Generator[Fill]:
    if source is Source.REVISIONS:
        yield from_revisions(settings.migrations)
    elif source is Source.MODELS:
        yield from_statements(statements)
    elif settings.database_url is None and settings.owner_database_url is None:
        with resolve(settings) as endpoints:
            yield from_database(endpoints.owner or "", _pg_dump())
    else:
        yield from_database(_required(settings.owner_database_url, "OWNER_DATABASE_URL"), _pg_dump())


@contextmanager
def _cluster(settings: Settings) -> Generator[Cluster]:
    given = os.environ.get(_ADMIN)
    if given:
        login = _required(settings.database_url, "DATABASE_URL")
        owner = _required(settings.owner_database_url, "OWNER_DATABASE_URL")
        urls = {settings.app: login, f"{settings.app}_owner": owner}
        yield Cluster(
            lambda name: _at(given, name), lambda role, name: _at(urls[role], name), settings.app, passwords={}
        )
        return
    with EmbeddedServer.start(settings.directory / _SHADOWS, durable=False) as server:
        roles = (settings.app, f"{settings.app}_owner")
        passwords = {role: server.password(role) for role in roles}
        yield Cluster(server.admin_dsn, server.dsn, settings.app, passwords)


def _required(url: SecretStr | None, name: str) -> str:
    if url is None:
        raise ConfigurationError(
            Code.SETTING_MISSING,
            f"{name} is not set.",
            hint=f"{name}=postgresql://<role>:<password>@<host>:5432/<database> freehold prove",
        )
    return url.get_secret_value()


def _at(url: str, database: str) -> str:
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, f"/{quote(database)}", parts.query, ""))


def _pg_dump() -> Path:
    """The newest there is: an older one cannot read a newer server."""
    try:
        return packaged() / "pg_dump"
    except ServerError:
        return Path(shutil.which("pg_dump") or "pg_dump")


@contextmanager
def _progress(quiet: bool) -> Generator[Report]:
    columns = (TextColumn("attack {task.description}"), BarColumn(), MofNCompleteColumn())
    with Bar(*columns, console=err, transient=True, disable=quiet or not err.is_terminal) as bar:
        task = bar.add_task("")

        def report(name: str, done: int, total: int) -> None:
            bar.update(task, description=name, completed=done, total=total)

        yield report
