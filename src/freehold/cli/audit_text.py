"""The report of an audit for a terminal: the five parts, as wide as the terminal is and not wider than reads well."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule as Line
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from freehold.audit.compare import Difference
from freehold.audit.finding import Finding
from freehold.audit.report import Report, Step

_COLOUR: Final = {"error": "bold red", "warning": "yellow", "note": "blue"}
_WIDEST: Final = 120
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def print_report(report: Report, difference: Difference | None, output: Path | None) -> None:
    """To standard output, or plainly into a file."""
    if output is None:
        _print(Console(highlight=False), report, difference)
        return
    with output.open("w", encoding="utf-8") as file:
        _print(Console(file=file, highlight=False, width=100), report, difference)


def _print(console: Console, report: Report, difference: Difference | None) -> None:
    console.width = min(console.width, _WIDEST)
    for part in _parts(report, difference):
        if isinstance(part, Code):
            part.text.rstrip()
            console.print(part.text, soft_wrap=True)
        else:
            console.print(part)


def _parts(report: Report, difference: Difference | None) -> Iterator[RenderableType | Code]:
    if difference is not None:
        yield from _difference(difference)
    yield _heading("Findings")
    yield _findings(report) if report.findings else Padding(_verdict(report), (0, 0, 0, 2))
    if report.steps:
        yield _heading("Patch plan")
        for number, step in enumerate(report.steps, start=1):
            yield from _step(number, step)
    if report.files:
        yield _heading("Files to change")
        yield _pairs((file, ", ".join(what)) for file, what in report.files)
    notes = list(report.notes)
    if notes:
        yield _heading("Security notes")
        yield _notes(notes)
    if report.findings:
        yield _heading("Verification steps")
        yield _code("\n".join(each.text for each in report.verification if each.sql), "sql")
        yield _code("\n".join(each.text for each in report.verification if not each.sql), "sh")
    if report.gaps:
        yield _heading("Not checked")
        yield _gaps(report)
    yield _heading("")
    yield _summary(report)


def _plain(text: str) -> str:
    """Without what a terminal obeys: names in a database are somebody's choice."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def _heading(title: str) -> RenderableType:
    return Padding(Line(f"[bold]{title}[/]" if title else "", align="left", style="dim"), (1, 0, 0, 0))


def _verdict(report: Report) -> Text:
    colour = (
        "bold green"
        if not report.findings and report.complete
        else "bold yellow"
        if not report.findings
        else "bold red"
    )
    return Text(report.verdict, colour)


def _findings(report: Report) -> Table:
    table = Table(box=None, padding=(0, 1), show_header=False, expand=True)
    table.add_column(width=7)
    table.add_column(width=5, style="bold")
    table.add_column(ratio=1, overflow="fold")
    for each in report.findings:
        table.add_row(Text(each.severity.value, _COLOUR[each.severity.value]), each.rule.id, _said(each))
    return table


def _said(finding: Finding) -> Text:
    where = str(finding.found.place) if finding.found.place else ", ".join(each.value for each in finding.surfaces)
    return Text.assemble(_plain(finding.found.message), "  ", (_plain(where), "dim"))


def _step(number: int, step: Step) -> Iterator[RenderableType | Code]:
    rules = ", ".join(dict.fromkeys(each.rule.id for each in step.findings))
    yield Text.assemble((f"{number:3}. {rules} ", "bold"), f"{step.title}  ", (_plain(step.where), "dim"))
    if step.sql:
        yield _code("\n".join(f"{sql};" for sql in step.sql), "sql", 5)
    if step.python:
        yield _code(step.python, "sql" if step.python.startswith("--") else "python", 5)


def _code(text: str, language: str, indent: int = 2) -> Code:
    """Code without a background and without wrapping, so that it can be selected and pasted as it stands."""
    lines = "\n".join(" " * indent + line for line in _plain(text).splitlines())
    return Code(Syntax("", language, theme="ansi_dark", background_color="default").highlight(lines))


@dataclass(frozen=True)
class Code:
    """Lines that are printed as they are, however wide."""

    text: Text


def _pairs(rows: Iterator[tuple[str, str]]) -> Table:
    table = Table(box=None, padding=(0, 1), show_header=False)
    table.add_column(style="bold", overflow="fold")
    table.add_column(overflow="fold")
    for left, right in rows:
        table.add_row(Text(_plain(left)), Text(_plain(right)))
    return table


def _notes(notes: list[tuple[str, str]]) -> RenderableType:
    return Group(
        *(Padding(Text.assemble((_plain(f"{about}. "), "bold"), _plain(note)), (0, 0, 0, 2)) for about, note in notes)
    )


def _gaps(report: Report) -> RenderableType:
    return Group(
        *(
            Padding(
                Text.assemble(
                    (_plain(gap.what), "bold yellow" if gap.needed else "bold"),
                    _plain(f": {gap.why}. "),
                    (_plain(gap.remedy), "dim"),
                ),
                (0, 0, 0, 2),
            )
            for gap in report.gaps
        )
    )


def _summary(report: Report) -> Text:
    missing = sum(gap.needed for gap in report.gaps)
    return Text.assemble(
        _verdict(report),
        *((f"  {missing} not checked", "bold yellow"),) * bool(missing),
        *((f"  {len(report.accepted)} accepted", "dim"),) * bool(report.accepted),
        (f"  {' · '.join(report.targets)} · {report.seconds:.1f} s", "dim"),
    )


def _difference(difference: Difference) -> Iterator[RenderableType]:
    yield _heading("Difference")
    lines = [
        *(
            Text.assemble(("new     ", "bold red"), _plain(f"{each.rule.id} {each.found.message}"))
            for each in difference.new
        ),
        *(Text.assemble(("weaker  ", "bold red"), _plain(each)) for each in difference.weakened),
        *(Text.assemble(("unseen  ", "bold yellow"), f"{gap.what}: {gap.why}") for gap in difference.unlooked),
        *(Text.assemble(("gone    ", "green"), _plain(each)) for each in difference.gone),
    ]
    yield Padding(Group(*(lines or [Text("None.", "green")])), (0, 0, 0, 2))
