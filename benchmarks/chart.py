"""The chart: one panel for each setting of the list of 20, one bar for each peer, drawn as SVG by hand.

It has a ground of its own and follows the reader's preference for light or dark.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from html import escape
from typing import Final

from benchmarks.case import CROWD, Setting
from benchmarks.statistic import Measurement, Results

_WIDTH: Final = 920
_LABEL: Final = 262
_MARGIN: Final = 28
_BAR: Final = 13
_STEP: Final = 21
_PANEL_HEAD: Final = 58
_HEAD: Final = 92
_FOOT: Final = 20
_ROOM: Final = 92
"""Kept free to the right of the bars, for their values."""

_STYLE: Final = """
text { font: 12.5px ui-sans-serif, system-ui, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; fill: var(--ink) }
.title { font-size: 19px; font-weight: 650 } .panel { font-size: 14.5px; font-weight: 600 }
.quiet { fill: var(--quiet) } .value { font-variant-numeric: tabular-nums } .own { font-weight: 650 }
.ground { fill: var(--ground) } .grid { stroke: var(--grid) }
.bar-own { fill: var(--own) } .bar-scoped { fill: var(--scoped) }
.bar-open { fill: var(--ground); stroke: var(--open); stroke-width: 1.5; stroke-dasharray: 3 2 }
svg { --ground: #ffffff; --ink: #1d2430; --quiet: #5d6878; --grid: #e3e7ed;
      --own: #0f766e; --scoped: #9aa7b8; --open: #b45309 }
@media (prefers-color-scheme: dark) {
  svg { --ground: #14181f; --ink: #e7ebf1; --quiet: #9aa5b4; --grid: #2a313c;
        --own: #2dd4bf; --scoped: #5b6878; --open: #f0a24b }
}
"""

_PANELS: Final = (
    (Setting("list20", 0, 1), "One caller, direct", "median time of a call; shorter is faster"),
    (Setting("list20", 1, 1), "One caller, 1 ms of network", "median time of a call; shorter is faster"),
    (Setting("list20", 0, CROWD), f"{CROWD} callers, 4 connections, direct", "calls per second; longer is faster"),
    (
        Setting("list20", 1, CROWD),
        f"{CROWD} callers, 4 connections, 1 ms of network",
        "calls per second; longer is faster",
    ),
)
_OWN: Final = "freehold"
_OPEN: Final = ("asyncpg_bare", "asyncpg_pool")


def chart(results: Results, title: Callable[[str], str]) -> str:
    """The drawing as text; panels that were not measured are left out."""
    body: list[str] = []
    top = _HEAD
    for setting, heading, unit in _PANELS:
        measured = list(results.of(setting).values())
        if measured:
            body += _panel(top, heading, unit, _sorted(measured), title)
            top += _PANEL_HEAD + _STEP * len(measured)
    height = top + _FOOT
    return "\n".join(
        (
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" '
                f'height="{height}" role="img" aria-label="List of 20 rows: freehold beside its peers">'
            ),
            f"<style>{_STYLE}</style>",
            f'<rect class="ground" width="{_WIDTH}" height="{height}" rx="8"/>',
            f'<text class="title" x="{_MARGIN}" y="38">List of 20 rows out of 100,000</text>',
            *_legend(),
            *body,
            "</svg>",
            "",
        )
    )


def _legend() -> Iterator[str]:
    entries = (("own", "freehold, as its user"), ("scoped", "others, as their user"), ("open", "no row level security"))
    for place, (kind, text) in enumerate(entries):
        left = _MARGIN + place * 190
        yield f'<rect class="bar-{kind}" x="{left}" y="56" width="{_BAR}" height="{_BAR}" rx="2"/>'
        yield f'<text class="quiet" x="{left + 20}" y="67">{text}</text>'


def _sorted(measured: Sequence[Measurement]) -> list[Measurement]:
    return sorted(measured, key=lambda each: each.median_us if each.setting.concurrency == 1 else -each.calls_per_s)


def _panel(
    top: int, heading: str, unit: str, measured: Sequence[Measurement], title: Callable[[str], str]
) -> Iterator[str]:
    values = [_value(each) for each in measured]
    longest = max(values)
    space = _WIDTH - _LABEL - _MARGIN - _ROOM
    bottom = top + _PANEL_HEAD + _STEP * len(measured) - 14
    yield f'<text class="panel" x="{_MARGIN}" y="{top + 22}">{heading}</text>'
    yield f'<text class="quiet" x="{_WIDTH - _MARGIN}" y="{top + 22}" text-anchor="end">{unit}</text>'
    yield f'<line class="grid" x1="{_LABEL}" x2="{_LABEL}" y1="{top + 36}" y2="{bottom}"/>'
    for place, (each, value) in enumerate(zip(measured, values, strict=True)):
        yield from _bar(top + 40 + _STEP * place, each, space * value / longest, title(each.peer))


def _bar(top: int, each: Measurement, length: float, label: str) -> Iterator[str]:
    own = each.peer.startswith(_OWN)
    kind = "own" if own else "open" if each.peer in _OPEN else "scoped"
    weight = ' class="own"' if own else ""
    middle = top + _BAR - 2.5
    yield f'<text{weight} x="{_LABEL - 10}" y="{middle}" text-anchor="end">{escape(_short(label))}</text>'
    yield f'<rect class="bar-{kind}" x="{_LABEL}" y="{top}" width="{max(1.5, length):.1f}" height="{_BAR}" rx="2"/>'
    text = _said(each)
    yield f'<text class="value{" own" if own else ""}" x="{_LABEL + length + 8:.1f}" y="{middle}">{text}</text>'


def _short(label: str) -> str:
    """A peer's name without what its colour says."""
    for said in (", no RLS", ", scoped by hand", "`"):
        label = label.replace(said, "")
    return label


def _value(each: Measurement) -> float:
    return each.median_us if each.setting.concurrency == 1 else each.calls_per_s


def _said(each: Measurement) -> str:
    if each.setting.concurrency > 1:
        return f"{each.calls_per_s:,.0f}/s"
    return f"{each.median_us:.0f} µs" if each.median_us < 1000 else f"{each.median_us / 1000:.2f} ms"
