"""The report as one page of HTML that needs nothing else: findings, the isolation matrix, and a diagram of the tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files
from typing import Final

from freehold.audit.finding import Finding
from freehold.audit.found import Severity
from freehold.audit.matrix import Cell, Matrix
from freehold.audit.render.diagram import KINDS, diagram, protection
from freehold.audit.report import Report

_COMMANDS: Final = ("SELECT", "INSERT", "UPDATE", "DELETE")
_SYMBOLS: Final = {"denied": "✓", "allowed": "●", "wrong": "✗", "unproven": "?", "": "·"}
_WORDS: Final = {
    "denied": "denied, and proven by a control",
    "allowed": "allowed, as declared",
    "wrong": "not as declared",
    "unproven": "denied, without a control",
}


def to_html(report: Report) -> str:
    """A whole document. It loads nothing and runs nothing; light and dark follow the reader's system."""
    style = files("freehold.audit.render").joinpath("page.css").read_text(encoding="utf-8")
    body = "\n".join((*_head(report), *_findings(report), *_matrix(report), *_tables(report), *_rest(report)))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>freehold audit: {escape(report.verdict)}</title>\n<style>\n{style}</style>\n</head>\n"
        f'<body>\n<a class="skip" href="#findings">To the findings</a>\n{body}\n</body>\n</html>\n'
    )


def _head(report: Report) -> Iterator[str]:
    yield f"<header><h1>freehold audit</h1><p>{escape(report.verdict)}</p>"
    yield f'<p class="dim">{escape(" · ".join(report.targets))} · {report.seconds:.1f} s</p>'
    parts = [
        ("findings", "Findings"),
        ("matrix", "Isolation"),
        ("tables", "Tables"),
        ("plan", "Patch plan"),
        ("gaps", "Not checked"),
    ]
    yield f'<nav aria-label="Parts">{"".join(f"<a href=#{key}>{word}</a>" for key, word in parts)}</nav></header>'
    yield '<main><ul class="tiles">'
    for severity in Severity:
        number = report.count(severity)
        yield f'<li class="{severity.value if number else "good"}"><strong>{number}</strong>{severity.value}s</li>'
    needed = sum(gap.needed for gap in report.gaps)
    yield f'<li class="{"warning" if needed else "good"}"><strong>{needed}</strong>not checked</li>'
    if report.matrix:
        wrong = sum(cell.observed != cell.expected for cell in report.matrix.cells)
        yield f'<li class="{"error" if wrong else "good"}"><strong>{len(report.matrix.cells) - wrong}/{len(report.matrix.cells)}</strong>cells as declared</li>'
    yield "</ul>"


def _findings(report: Report) -> Iterator[str]:
    yield '<section id="findings"><h2>Findings</h2>'
    if not report.findings:
        yield f"<p>{escape(report.verdict)}</p>"
    for each in report.findings:
        yield _finding(each)
    yield "</section>"


def _finding(each: Finding) -> str:
    severity, fix = each.severity.value, each.found.fix.text
    where = str(each.found.place) if each.found.place else ", ".join(surface.value for surface in each.surfaces)
    code = f'<p class="dim">Fix</p><pre><code>{escape(fix)}</code></pre>' if fix else ""
    return (
        f'<details class="{severity}"><summary><span class="badge {severity}">{severity}</span><strong>{each.rule.id}</strong> '
        f'<span class="msg">{escape(each.found.message)}</span> <span class="dim">{escape(where)}</span></summary>'
        f"<div><p>{escape(each.rule.why)}</p><p>{escape(each.rule.remedy)}</p>{code}</div></details>"
    )


def _matrix(report: Report) -> Iterator[str]:
    yield '<section id="matrix"><h2>Isolation, by execution</h2>'
    if report.matrix is None:
        yield "<p>Not run: <code>freehold prove --json &gt; matrix.json</code>, then <code>freehold audit --matrix matrix.json</code>.</p></section>"
        return
    matrix = report.matrix
    yield (
        f'<p class="dim">{len(matrix.cells)} cells, tried as {escape(", ".join(matrix.callers))} on PostgreSQL '
        f"{escape(matrix.version)} in {matrix.seconds:.1f} s. A cell is the worst of its forms (bare, WHERE, RETURNING).</p>"
    )
    yield '<div class="scroll" role="region" aria-label="Isolation matrix" tabindex="0"><table><thead><tr><th scope="col" rowspan="2">table</th>'
    yield "".join(
        f'<th class="first" colspan="{len(matrix.callers)}" scope="colgroup">{command}</th>' for command in _COMMANDS
    )
    yield "</tr><tr>" + "".join(
        f'<th scope="col"{_first(place)}>{escape(caller)}</th>'
        for _ in _COMMANDS
        for place, caller in enumerate(matrix.callers)
    )
    yield "</tr></thead><tbody>"
    for table in matrix.tables:
        yield f'<tr><th scope="row">{escape(table)}</th>{"".join(_row(matrix, table))}</tr>'
    yield "</tbody></table></div>"
    legend = "".join(f"<li>{_SYMBOLS[key]} {words}</li>" for key, words in _WORDS.items())
    yield f'<ul class="legend">{legend}<li>· not tried</li></ul></section>'


def _row(matrix: Matrix, table: str) -> Iterator[str]:
    for command in _COMMANDS:
        for place, caller in enumerate(matrix.callers):
            cells = [c for c in matrix.cells if (c.table, c.command, c.caller) == (table, command, caller)]
            kind = _kind(cells)
            words = f"{command} by {caller}: {_WORDS.get(kind, 'not tried')}"
            wrong = ", ".join(cell.form for cell in cells if cell.observed != cell.expected)
            title = escape(f"{words} ({wrong})" if wrong else words)
            classes = " ".join(filter(None, (kind, "" if place else "first")))
            yield f'<td class="{classes}" title="{title}" aria-label="{title}">{_SYMBOLS[kind]}</td>'


def _kind(cells: Sequence[Cell]) -> str:
    if any(cell.observed != cell.expected for cell in cells):
        return "wrong"
    if any(cell.observed == "denied" and cell.control != "passed" for cell in cells):
        return "unproven"
    if any(cell.observed == "allowed" for cell in cells):
        return "allowed"
    return "denied" if cells else ""


def _first(place: int) -> str:
    return "" if place else ' class="first"'


def _tables(report: Report) -> Iterator[str]:
    yield '<section id="tables"><h2>Tables, by how they are protected</h2>'
    drawing = diagram(report.catalog) if report.catalog else ""
    if report.catalog is None or not drawing:
        yield "<p>No catalog was looked at.</p></section>"
        return
    yield f'<div class="scroll" role="region" aria-label="Diagram" tabindex="0">{drawing}</div>'
    present = {protection(table) for table in report.catalog.tables}
    legend = "".join(
        f'<li><span class="swatch {kind}"></span>{words}</li>' for kind, words in KINDS.items() if kind in present
    )
    yield f'<ul class="legend">{legend}<li><strong>bold</strong> owner, <u>underlined</u> key</li></ul></section>'


def _rest(report: Report) -> Iterator[str]:
    yield '<section id="plan"><h2>Patch plan</h2>'
    yield "<p>Nothing to do.</p>" if not report.steps else "<ol>"
    for step in report.steps:
        code = "\n".join((*(f"{sql};" for sql in step.sql), *filter(None, (step.python,))))
        rules = ", ".join(dict.fromkeys(each.rule.id for each in step.findings))
        yield f'<li>{escape(rules)}: {escape(step.title)} <span class="dim">({escape(step.where)})</span>'
        yield f"<pre><code>{escape(code)}</code></pre></li>" if code else "</li>"
    yield "</ol></section>" if report.steps else "</section>"
    if report.files:
        items = "".join(
            f"<li><code>{escape(file)}</code>: {escape(', '.join(what))}</li>" for file, what in report.files
        )
        yield f"<section><h2>Files to change</h2><ul>{items}</ul></section>"
    notes = "".join(f"<li><strong>{escape(about)}.</strong> {escape(note)}</li>" for about, note in report.notes)
    if notes:
        yield f"<section><h2>Security notes</h2><ul>{notes}</ul></section>"
    steps = escape("\n".join(each.text for each in report.verification))
    yield f"<section><h2>Verification steps</h2><pre><code>{steps}</code></pre></section>"
    gaps = "".join(
        f"<li><strong>{escape(gap.what)}</strong>: {escape(gap.why)}. {escape(gap.remedy)}</li>" for gap in report.gaps
    )
    yield f'<section id="gaps"><h2>Not checked</h2>{f"<ul>{gaps}</ul>" if gaps else "<p>Everything was.</p>"}</section></main>'
