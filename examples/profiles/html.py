"""HTML from templates: whatever is filled in is escaped, unless it is HTML by its type."""

from __future__ import annotations

from html import escape
from pathlib import Path
from string import Formatter
from typing import Any, Final

_PAGES: Final = Path(__file__).parent / "pages"


class Html(str):
    """Text that is HTML already; only `fill` and literals make it."""

    __slots__ = ()


class _Escaping(Formatter):
    """Formats ``{name}`` with the value escaped for element content and for quoted attributes."""

    def format_field(self, value: Any, format_spec: str) -> Any:
        return value if isinstance(value, Html) else escape(format(value, format_spec), quote=True)


def fill(template: Html, **values: object) -> Html:
    """``template`` with its ``{names}`` replaced by ``values``."""
    return Html(_Escaping().vformat(template, (), values))


def template(name: str) -> Html:
    """The template in ``pages/<name>.html``."""
    return Html((_PAGES / f"{name}.html").read_text(encoding="utf-8"))
