"""Whether whoever asks would rather read a page than a document (Accept: RFC 9110, section 12.5.1)."""

from __future__ import annotations

from typing import Final

_HTML: Final = "text/html"
_DOCUMENTS: Final = ("application/json", "application/problem+json")


def prefers_html(accept: str) -> bool:
    """Whether HTML is asked for by name, and before JSON: as browsers do, and programs do not."""
    asked = dict(_range(each) for each in accept.split(","))
    return asked.get(_HTML, 0.0) > max(asked.get(each, 0.0) for each in _DOCUMENTS)


def _range(text: str) -> tuple[str, float]:
    """A media range and its weight, 0-1."""
    name, *parameters = (part.strip().lower() for part in text.split(";"))
    weight = next((part[2:] for part in parameters if part.startswith("q=")), "1")
    try:
        return name, min(max(float(weight), 0.0), 1.0)
    except ValueError:
        return name, 0.0
