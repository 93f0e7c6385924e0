"""What commands that make or apply migrations work in: the owner's login, scratch databases, a bar that says how far."""

from __future__ import annotations

import gc
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final

from freehold.cli.exits import err
from freehold.errors import Code, ConfigurationError
from freehold.migrations import Progress, Report
from freehold.migrations.progress import silent
from freehold.migrations.recall import Recall
from freehold.migrations.shadow import Cluster
from freehold.server import EmbeddedServer, resolve
from freehold.settings import Settings

_SHADOWS: Final = "shadow"
_SEEN: Final = "seen"


@contextmanager
def owner_dsn(settings: Settings) -> Generator[str]:
    """The DSN that migrations run with."""
    with resolve(settings) as endpoints:
        if endpoints.owner is None:
            raise ConfigurationError(
                Code.SETTING_MISSING,
                "There is no login that may change the schema.",
                hint=f"Set OWNER_DATABASE_URL=postgresql://{settings.app}_owner:<password>@<host>:5432/<database>",
            )
        yield endpoints.owner


@contextmanager
def shadows(settings: Settings) -> Generator[Cluster]:
    """A server of its own for scratch databases: roles belong to a whole server, so never the target's.

    It starts, and makes its first database, beside what the command does until it needs one: importing models takes as long.
    """
    # A short-lived process full of models that stay: looking for garbage among them costs a fifth of its time.
    gc.disable()
    with ThreadPoolExecutor(1, "freehold shadow") as thread:
        starting = thread.submit(EmbeddedServer.start, settings.directory / _SHADOWS, durable=False)
        cluster = Cluster(lambda database: starting.result().admin_dsn(database), settings.app)
        try:
            with cluster.ahead(thread):
                yield cluster
        finally:
            if starting.exception() is None:
                starting.result().stop()


def recall(settings: Settings) -> Recall | None:
    """What models' DDL was seen to make, on this machine."""
    return Recall.of(settings.directory / _SEEN, settings.app)


@contextmanager
def progress(quiet: bool) -> Generator[Report]:
    """A bar on standard error, where that is a terminal."""
    if quiet or not err.is_terminal:
        yield silent
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn  # noqa: PLC0415 - half of what rich costs
    from rich.progress import Progress as Bar  # noqa: PLC0415

    columns: tuple[Any, ...] = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Bar(*columns, console=err, transient=True) as bar:
        task = bar.add_task("")

        def report(progress: Progress) -> None:
            label = f"{progress.stage} {progress.subject}{f' ({progress.detail})' if progress.detail else ''}"
            bar.update(task, description=label, completed=progress.done, total=progress.total)

        yield report
