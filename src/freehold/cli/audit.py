"""The command that audits: arguments in, a report out, and an exit code that never calls unseen things clean."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from freehold.cli.exits import Exit, err, out
from freehold.errors import Code, ConfigurationError
from freehold.settings import Settings

if TYPE_CHECKING:
    from freehold.audit.baseline import Baseline
    from freehold.audit.compare import Difference
    from freehold.audit.report import Report

What = Literal["models", "database", "source", "all"]
Format = Literal["text", "markdown", "json", "sarif", "junit", "html"]
Threshold = Literal["error", "warning", "note"]

_SURFACES: Final = ("models", "database", "source")


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("audit")(_audit)


def _audit(
    what: Annotated[What, typer.Argument(help="What to look at.")] = "all",
    form: Annotated[Format, typer.Option("--format", help="How the report is written.")] = "text",
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write the report to this file.")] = None,
    source: Annotated[list[Path] | None, typer.Option(help="A file or folder of source code; may be repeated.")] = None,
    matrix: Annotated[Path | None, typer.Option(help="What freehold prove --json wrote.")] = None,
    baseline: Annotated[Path | None, typer.Option(help="Findings that are accepted.")] = None,
    update_baseline: Annotated[
        bool, typer.Option("--update-baseline", help="Accept what is found, in --baseline.")
    ] = False,
    against: Annotated[Path | None, typer.Option(help="An earlier --json report: only what is worse fails.")] = None,
    fail_on: Annotated[Threshold, typer.Option(help="The least severity that fails.")] = "warning",
    fix: Annotated[
        bool, typer.Option("--fix", help="Write a revision, SQL and a patch for what needs no decision.")
    ] = False,
    no_pgrls: Annotated[bool, typer.Option("--no-pgrls", help="Do not ask pgrls.")] = False,
) -> None:
    """Review models, the database and source code: findings, a patch plan, and how to verify it."""
    from freehold.audit.baseline import Baseline  # noqa: PLC0415 (models, Alembic and pgrls take a second to import)
    from freehold.audit.compare import Difference  # noqa: PLC0415
    from freehold.audit.found import Severity, Surface  # noqa: PLC0415
    from freehold.audit.look import look  # noqa: PLC0415
    from freehold.audit.looked import Request  # noqa: PLC0415
    from freehold.audit.report import Report  # noqa: PLC0415

    form = "json" if as_json else form
    settings = Settings.load()
    surfaces = [Surface(each) for each in (_SURFACES if what == "all" else (what,))]
    request = Request(settings, frozenset(surfaces), _sources(source, settings), matrix, not no_pgrls)
    known = _baseline(baseline, update=update_baseline)
    started = time.perf_counter()
    with _telling(quiet=form != "text") as tell:
        looked = look(request, tell)
    if update_baseline and baseline is not None:
        baseline.write_text((known or Baseline({})).with_findings(looked.seen.values()), encoding="utf-8")
        err.print(f"{baseline} accepts {len(looked.seen)} findings; write down why.")
        return
    report = Report.of(looked, surfaces, time.perf_counter() - started, known)
    difference = Difference.between(against, report) if against else None
    _write(report, difference, form, output, Severity(fail_on))
    if fix:
        _repair(report, settings)
    raise typer.Exit(_exit(report, difference, Severity(fail_on)))


def _exit(report: Report, difference: Difference | None, threshold: object) -> Exit:
    from freehold.audit.found import Severity  # noqa: PLC0415

    least = Severity(str(threshold))
    if difference is not None:
        worse = any(each.severity.reaches(least) for each in difference.new) or bool(difference.weakened)
        return Exit.DIFFERENT if worse else Exit.INCOMPLETE if difference.unlooked else Exit.OK
    if report.worst(least):
        return Exit.DIFFERENT
    return Exit.OK if report.complete else Exit.INCOMPLETE


def _sources(given: list[Path] | None, settings: Settings) -> tuple[Path, ...]:
    """The folders of source code: those given, or the package of the models, or everything here."""
    for path in given or ():
        if not path.exists():
            raise ConfigurationError(
                Code.SOURCE_MISSING,
                f"There is no source at {path}.",
                hint="freehold audit source --source <file or folder>",
            )
    if given:
        return tuple(given)
    parts = (settings.models or "").split(".")
    for root in (Path(), Path("src")):
        folder = root.joinpath(*parts[:-1]) if len(parts) > 1 else None
        if folder is not None and folder.is_dir():
            return (folder,)
    return (Path(),)


def _baseline(path: Path | None, *, update: bool) -> Baseline | None:
    from freehold.audit.baseline import Baseline  # noqa: PLC0415

    if update and path is None:
        raise typer.BadParameter("--update-baseline needs --baseline FILE")
    if path is None or (update and not path.exists()):
        return None
    return Baseline.load(path)


def _write(report: Report, difference: Difference | None, form: Format, output: Path | None, threshold: object) -> None:
    from freehold.audit.found import Severity  # noqa: PLC0415
    from freehold.audit.render.html_page import to_html  # noqa: PLC0415
    from freehold.audit.render.json_report import to_json  # noqa: PLC0415
    from freehold.audit.render.junit import to_junit  # noqa: PLC0415
    from freehold.audit.render.markdown import to_markdown  # noqa: PLC0415
    from freehold.audit.render.sarif import to_sarif  # noqa: PLC0415
    from freehold.cli.audit_text import print_report  # noqa: PLC0415

    if form == "text":
        print_report(report, difference, output)
        return
    texts: dict[str, Callable[[], str]] = {
        "markdown": lambda: to_markdown(report, difference),
        "json": lambda: to_json(report),
        "sarif": lambda: to_sarif(report),
        "junit": lambda: to_junit(report, Severity(str(threshold))),
        "html": lambda: to_html(report),
    }
    text = texts[form]()
    if output is None:
        out.file.write(text)  # as it is: printing would make pictures of words between colons
    else:
        output.write_text(text, encoding="utf-8")
        err.print(f"{report.verdict}  {output}", markup=False)


def _repair(report: Report, settings: Settings) -> None:
    from freehold.audit.repair import repair  # noqa: PLC0415
    from freehold.migrations.shadow import Cluster  # noqa: PLC0415
    from freehold.server import EmbeddedServer  # noqa: PLC0415

    with EmbeddedServer.start(settings.directory / "shadow", durable=False) as server:
        made = repair(report.findings, settings.migrations, lambda: Cluster(server.admin_dsn, settings.app), Path())
    if not made.files:
        err.print("Nothing that was found can be mended without a decision.")
    for file in made.files:
        err.print(f"[bold green]wrote[/] {file}")


@contextmanager
def _telling(*, quiet: bool) -> Generator[Callable[[str], None]]:
    """What is being looked at, for as long as it takes."""
    if quiet or not err.is_terminal:
        yield lambda _: None
        return
    with err.status("looking") as status:
        yield lambda what: status.update(f"looking at {what}")
