"""The tables of a database and what they refer to, drawn as SVG and coloured by how each is protected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from freehold.audit.catalog import Catalog, Table

_WIDTH: Final = 216
_GAP: Final = 84
_LINE: Final = 17
_HEAD: Final = 50
_MARGIN: Final = 12
_SHOWN: Final = 6
_TALLEST: Final = 520
"""Where a column of boxes goes on beside itself, so that the drawing stays readable."""

KINDS: Final = {
    "forced": "row security forced, with an owner",
    "public": "row security forced, no owner: read by everybody or by policies of its own",
    "service": "no caller reaches it",
    "weak": "row security enabled, not forced",
    "open": "reachable without row security",
}
"""How a table is protected, as a class of the drawing, with its words."""


@dataclass(frozen=True)
class _Box:
    table: Table
    column: int
    top: int

    @property
    def left(self) -> int:
        return _MARGIN + self.column * (_WIDTH + _GAP)

    @property
    def height(self) -> int:
        return _HEAD + _LINE * len(_lines(self.table)) + 8

    def row(self, columns: Sequence[str]) -> int:
        """The middle of the line of the first of ``columns``, or of the head where it is not shown."""
        names = [each for each, _ in _lines(self.table)]
        places = [names.index(name) for name in columns if name in names]
        return self.top + (_HEAD + _LINE * places[0] + 2 if places else 24)


def protection(table: Table) -> str:
    """The key of `KINDS`."""
    if not table.reachable:
        return "service"
    if not table.guarded:
        return "open"
    if not table.fact.flag("forced"):
        return "weak"
    return "forced" if table.owner else "public"


def diagram(catalog: Catalog) -> str:
    """An SVG element; parents stand left of what refers to them. Empty without tables."""
    boxes = _placed(catalog)
    if not boxes:
        return ""
    width = max(box.left for box in boxes.values()) + _WIDTH + _MARGIN
    height = max(box.top + box.height for box in boxes.values()) + _MARGIN
    parts = [*_edges(boxes), *(part for box in boxes.values() for part in _drawn(box))]
    label = f"Diagram of {len(boxes)} tables and what they refer to"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{label}" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}">{"".join(parts)}</svg>'
    )


def _placed(catalog: Catalog) -> Mapping[str, _Box]:
    tables = [table for table in catalog.tables if not table.fact.names("parents")]
    depth = {table.name: 0 for table in tables}
    for _ in range(4):  # deep enough to read; a circle of references does not matter
        for table in tables:
            above = [depth[r.target] for r in table.references if r.target in depth and r.target != table.name]
            depth[table.name] = min(max([depth[table.name], *(each + 1 for each in above)]), 4)
    boxes: dict[str, _Box] = {}
    column = -1
    for level in sorted(set(depth.values())):
        below = _MARGIN
        column += 1
        for table in (each for each in tables if depth[each.name] == level):
            if below > _TALLEST:
                below, column = _MARGIN, column + 1
            boxes[table.name] = _Box(table, column, below)
            below += boxes[table.name].height + 18
    return boxes


def _lines(table: Table) -> list[tuple[str, str]]:
    """The columns that say most: the key, the owner, what refers elsewhere; then the others, as far as there is room."""
    referring = {name for reference in table.references for name in reference.columns}
    first = [name for name in table.columns if name in table.primary or name == table.owner or name in referring]
    rest = [name for name in table.columns if name not in first]
    return [(name, table.columns[name].text("type")) for name in [*first, *rest][:_SHOWN]]


def _drawn(box: _Box) -> Iterator[str]:
    table, kind = box.table, protection(box.table)
    yield f'<g class="table {kind}"><title>{escape(table.name)}: {KINDS[kind]}</title>'
    yield f'<rect x="{box.left}" y="{box.top}" width="{_WIDTH}" height="{box.height}" rx="8"/>'
    yield f'<text class="name" x="{box.left + 12}" y="{box.top + 19}">{escape(_short(table.bare, 22))}</text>'
    yield f'<text class="kind" x="{box.left + 12}" y="{box.top + 34}">{escape(_word(table, kind))}</text>'
    for name, type_ in _lines(table):
        y = box.row([name]) + 4
        mark = "owner" if name == table.owner else "key" if name in table.primary else "column"
        yield f'<text class="{mark}" x="{box.left + 12}" y="{y}">{escape(_short(name, 20))}</text>'
        yield f'<text class="type" x="{box.left + _WIDTH - 12}" y="{y}" text-anchor="end">{escape(_type(type_))}</text>'
    hidden = len(table.columns) - len(_lines(table))
    if hidden > 0:
        yield f'<text class="type" x="{box.left + _WIDTH - 12}" y="{box.top + 19}" text-anchor="end">+{hidden}</text>'
    yield "</g>"


def _word(table: Table, kind: str) -> str:
    words = {
        "forced": f"owner {table.owner}",
        "public": "no owner",
        "service": "service only",
        "weak": "not forced",
        "open": "OPEN",
    }
    return words[kind]


def _edges(boxes: Mapping[str, _Box]) -> Iterator[str]:
    for box in boxes.values():
        for reference in box.table.references:
            target = boxes.get(reference.target)
            if target is None or target is box:
                continue
            safe = len(reference.columns) > 1 or reference.columns == (box.table.owner,)
            y1, y2 = box.row(reference.columns[-1:]), target.row(reference.target_columns[-1:])
            x1, x2 = box.left, target.left + _WIDTH
            middle = (x1 + x2) // 2
            words = f"{box.table.bare}({', '.join(reference.columns)}) refers to {target.table.bare}"
            yield (
                f'<path class="edge{"" if safe else " bare"}" d="M{x1} {y1} C{middle} {y1} {middle} {y2} {x2} {y2}">'
                f"<title>{escape(words)}</title></path>"
            )


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _type(text: str) -> str:
    return text.replace("timestamp with time zone", "timestamptz").replace("character varying", "varchar")[:16]
