"""The isolation matrix for a terminal: a line for each command of a table, a column for each caller."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from freehold.proof.caller import Caller
from freehold.proof.matrix import COMMANDS, FORMS, QUIET, WRONG, Cell, Entry, Proof

_ALLOWED, _NO_ROWS, _REFUSED, _WRONG, _UNCONTROLLED = "●", "∅", "✕", "!", "?"
_ARGUMENTS_SHOWN = 12
_KINDS = {"view": "view", "partition": "partition", "function": "function"}


def rendered(proof: Proof, width: int) -> RenderableType:
    """The whole report, to be printed on a terminal of ``width`` columns."""
    wide = width >= 110
    table = Table(box=None, pad_edge=False, padding=(0, 2 if wide else 1), header_style="bold", expand=False)
    table.add_column("table" if wide else "", no_wrap=True, overflow="ellipsis", max_width=34 if wide else 30)
    table.add_column("", min_width=6)
    for caller in Caller:
        table.add_column(caller.value, min_width=9 if wide else 6)
    for entry in proof.entries:
        _add(table, entry)
    return Group(table, Text(), _legend(), *_remarks(proof), Text(), _verdict(proof))


def _add(table: Table, entry: Entry) -> None:
    shown = [command for command in COMMANDS if any(cell.command == command for cell in entry.cells)]
    name = _name(entry)
    for place, command in enumerate(shown):
        cells = [
            [cell for cell in entry.cells if (cell.command, cell.caller) == (command, caller)] for caller in Caller
        ]
        table.add_row(name if not place else Text(), Text(command.lower(), "dim"), *map(_glyphs, cells))


def _name(entry: Entry) -> Text:
    name, _, rest = entry.name.removeprefix("public.").partition(": ")
    called, _, arguments = name.partition("(")
    if len(arguments) > _ARGUMENTS_SHOWN:
        name = f"{called}(…)"
    text = Text(f"  {rest}" if rest else name, "" if rest else "bold")
    if entry.kind in _KINDS and not rest:
        text.append(f" {_KINDS[entry.kind]}", "dim")
    return text


def _glyphs(cells: Iterable[Cell]) -> Text:
    """A sign for each form: bare, WHERE, RETURNING."""
    text = Text()
    ordered = sorted(cells, key=lambda cell: FORMS.index(cell.form))
    for cell in ordered:
        text.append(_sign(cell), _style(cell))
    return text if ordered else Text("·", "dim")


def _sign(cell: Cell) -> str:
    """Readable without colours too."""
    if not cell.sound:
        return _WRONG if cell.expected != cell.observed else _UNCONTROLLED
    return _ALLOWED if cell.observed == "allowed" else _REFUSED if cell.how == "error" else _NO_ROWS


def _style(cell: Cell) -> str:
    if cell.expected != cell.observed:
        return "bold white on red"
    if cell.control == "failed":
        return "bold black on yellow"
    return "green" if cell.observed == "allowed" else "dim" if cell.control == "untested" else "blue"


def _legend() -> Text:
    return Text.assemble(
        "bare, WHERE, RETURNING:  ",
        (_ALLOWED, "green"),
        " got through  ",
        (_NO_ROWS, "blue"),
        " no rows  ",
        (_REFUSED, "blue"),
        " error\n",
        "  ",
        (_WRONG, "bold white on red"),
        " not as declared  ",
        (_UNCONTROLLED, "bold black on yellow"),
        " its control failed  ",
        (_NO_ROWS, "dim"),
        " no control (dim)",
    )


def _remarks(proof: Proof) -> Iterator[RenderableType]:
    for title, items in proof.remarks():
        yield Text(f"\n{title}", "bold" if title == QUIET else "bold red")
        for item in _folded(proof) if title == WRONG else items:
            yield Padding(Text(item), (0, 0, 0, 2))


def _folded(proof: Proof) -> Iterator[str]:
    """The cells that are wrong in the same way, of one caller at one place, in one line."""
    groups = dict[tuple[str, str, str, str], dict[str, list[str]]]()
    for entry, cell in proof.unsound():
        found = f"{cell.observed}, declared {cell.expected}"
        found = found if cell.expected != cell.observed else f"{cell.observed}, but the control failed"
        who = cell.what.rpartition(", ")[2]
        forms = groups.setdefault((entry.name, cell.caller.value, who, found), {})
        forms.setdefault(cell.command, []).append(cell.form)
    for (name, caller, who, found), forms in groups.items():
        listed = ", ".join(f"{command} ({' '.join(words)})" for command, words in forms.items())
        yield f"{name} as {caller}{f' ({who})' if who != caller else ''} {found}: {listed}"


def _verdict(proof: Proof) -> Text:
    if not proof.sound:
        word = ("NOT AS DECLARED", "bold white on red")
    elif not proof.complete:
        word = ("INCOMPLETE", "bold black on yellow")
    else:
        word = ("PROVEN", "bold black on green")
    return Text.assemble((f" {word[0]} ", word[1]), f" {proof.headline()}")
