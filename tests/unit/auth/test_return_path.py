"""Open redirects: a link to our sign-in must not end on somebody else's page."""

from __future__ import annotations

import pytest

from freehold.auth import return_path
from freehold.errors import Code, SignInError

ELSEWHERE = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\\/evil.example",
    "https://evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "evil.example",
    "",
    " /tasks",
    "/\t/evil.example",
    "\t//evil.example",
    "/\n/evil.example",
    "/tasks\r\nSet-Cookie: a=b",
    "/ta sks",
    "/tasks\0",
    "/täsks",
    "@evil.example",
    "?next=//evil.example",
    "/" + "x" * 2000,
]


@pytest.mark.parametrize("text", ELSEWHERE)
def test_elsewhere(text: str) -> None:
    """Whatever a browser could take for another site is refused."""
    with pytest.raises(SignInError) as caught:
        return_path(text)
    assert caught.value.code is Code.RETURN_REFUSED


@pytest.mark.parametrize(
    "text", ["/", "/tasks", "/tasks?page=2#top", "/a//b", "/?next=https://other.example", "/%2F%2Fx"]
)
def test_here(text: str) -> None:
    """Paths of this site pass as they are."""
    assert return_path(text) == text
