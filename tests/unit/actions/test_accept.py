"""Who gets a page for a problem, and who a document."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.actions.accept import prefers_html


@pytest.mark.parametrize(
    "accept",
    [
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "Text/HTML",
        "application/json;q=0.5, text/html",
    ],
)
def test_a_browser_gets_a_page(accept: str) -> None:
    """It asks for HTML by name."""
    assert prefers_html(accept)


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "application/json",
        "text/*",
        "application/json, text/html",
        "application/problem+json, text/html;q=0.9",
        "text/html;q=0",
        "text/html;q=much",
        "text/html;q=nan",
    ],
)
def test_a_program_gets_a_document(accept: str) -> None:
    """Also one that takes anything, or both alike."""
    assert not prefers_html(accept)


@given(st.text())
def test_nonsense_is_no_error(accept: str) -> None:
    """Whatever the header holds."""
    prefers_html(accept)
