"""The report as Markdown, for a pull request; with an earlier report, the difference comes first."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.audit.compare import Difference
from freehold.audit.finding import Finding
from freehold.audit.report import Report

_MARK = {"error": "🔴 error", "warning": "🟠 warning", "note": "🔵 note"}


def to_markdown(report: Report, difference: Difference | None = None) -> str:
    """The five parts under headings, and what was not checked."""
    lines = [
        "# freehold audit",
        "",
        f"**{report.verdict}** · {' · '.join(report.targets)} · {report.seconds:.1f} s",
        "",
    ]
    if difference is not None:
        lines += _difference(difference)
    lines += [
        *_findings(report),
        *_plan(report),
        *_files(report),
        *_notes(report),
        *_verification(report),
        *_gaps(report),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _difference(difference: Difference) -> Iterator[str]:
    yield from ("## Difference", "")
    if not difference.worse and not difference.gone:
        yield from ("None.", "")
        return
    for each in difference.new:
        yield f"- **new** {_MARK[each.severity.value]} {each.rule.id} {_cell(each.found.message)}"
    for sentence in difference.weakened:
        yield f"- **weaker** 🔴 {_cell(sentence)}"
    for gap in difference.unlooked:
        yield f"- **no longer checked** {_cell(gap.what)}: {_cell(gap.why)}"
    for sentence in difference.gone:
        yield f"- gone {_cell(sentence)}"
    yield ""


def _findings(report: Report) -> Iterator[str]:
    yield from ("## Findings", "")
    if not report.findings:
        yield from (report.verdict, "")
        return
    yield from ("| | rule | what | where |", "|---|---|---|---|")
    for each in report.findings:
        yield f"| {_MARK[each.severity.value]} | {each.rule.id} | {_cell(each.found.message)} | {_where(each)} |"
    yield ""


def _where(finding: Finding) -> str:
    place = finding.found.place
    return f"`{place}`" if place else ", ".join(surface.value for surface in finding.surfaces)


def _plan(report: Report) -> Iterator[str]:
    if report.steps:
        yield from ("## Patch plan", "")
    for number, step in enumerate(report.steps, start=1):
        rules = ", ".join(dict.fromkeys(each.rule.id for each in step.findings))
        yield from (f"{number}. {rules}: {_cell(step.title)} ({step.where})", "")
        if step.sql:
            yield from (
                "   ```sql",
                *(f"   {line}" for sql in step.sql for line in f"{sql};".splitlines()),
                "   ```",
                "",
            )
        if step.python:
            language = "sql" if step.python.startswith("--") else "python"
            yield from (f"   ```{language}", *(f"   {line}" for line in step.python.splitlines()), "   ```", "")


def _files(report: Report) -> Iterator[str]:
    if report.files:
        yield from ("## Files to change", "")
        yield from (f"- `{file}`: {', '.join(what)}" for file, what in report.files)
        yield ""


def _notes(report: Report) -> Iterator[str]:
    notes = list(report.notes)
    if notes:
        yield from ("## Security notes", "")
        yield from (f"- **{about}.** {note}" for about, note in notes)
        yield ""


def _verification(report: Report) -> Iterator[str]:
    sql = [each.text for each in report.verification if each.sql]
    yield from ("## Verification steps", "")
    if sql:
        yield from ("Each answers `t` once it is mended:", "", "```sql", *sql, "```", "")
    yield from ("```sh", *(each.text for each in report.verification if not each.sql), "```", "")


def _gaps(report: Report) -> Iterator[str]:
    if report.gaps:
        yield from ("## Not checked", "")
        yield from (f"- **{_cell(gap.what)}**: {_cell(gap.why)}. {_cell(gap.remedy)}" for gap in report.gaps)
        yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
