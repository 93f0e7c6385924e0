"""Cross-site requests: refused unless the browser says, one way or the other, that a page of this site asked."""

from __future__ import annotations

import pytest
from starlette.datastructures import Headers

from freehold.actions.origin import refuse_cross_site
from freehold.errors import Code, CrossSiteError

Raw = list[tuple[str, str]]
HOST: Raw = [("host", "example.com:8000")]


def _check(method: str, *headers: tuple[str, str]) -> None:
    raw = [(name.encode(), value.encode()) for name, value in (*HOST, *headers)]
    refuse_cross_site(method, Headers(raw=raw))


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE"])
def test_a_request_that_changes_nothing_may_come_from_anywhere(method: str) -> None:
    """Links from elsewhere must work."""
    _check(method, ("sec-fetch-site", "cross-site"), ("origin", "https://evil.example"))


@pytest.mark.parametrize(
    "headers",
    [
        [("sec-fetch-site", "same-origin")],
        [("sec-fetch-site", "none")],
        [("sec-fetch-site", "same-origin"), ("origin", "null")],
        [("origin", "http://example.com:8000")],
        [("origin", "https://EXAMPLE.com:8000")],
    ],
    ids=str,
)
def test_a_page_of_this_site_may_post(headers: Raw) -> None:
    """The positive control: Fetch Metadata decides where it is sent, Origin otherwise."""
    _check("POST", *headers)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "post", "BREW"])
@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("sec-fetch-site", "cross-site")],
        [("sec-fetch-site", "same-site")],
        [("sec-fetch-site", "")],
        [("sec-fetch-site", "same-origin, cross-site")],
        [("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")],
        [("sec-fetch-site", "cross-site"), ("origin", "http://example.com:8000")],
        [("origin", "null")],
        [("origin", "")],
        [("origin", "http://example.com")],
        [("origin", "http://example.com:8001")],
        [("origin", "http://example.com:8000.evil.example")],
        [("origin", "http://evil.example")],
        [("origin", "http://evil.example/example.com:8000")],
        [("origin", "http://user@example.com:8000")],
        [("origin", "http://example.com:8000/")],
        [("origin", "ftp://example.com:8000")],
        [("origin", "example.com:8000")],
        [("origin", "http://[")],
        [("origin", "http://example.com:8000"), ("origin", "http://evil.example")],
        [("host", "evil.example"), ("origin", "http://evil.example")],
    ],
    ids=str,
)
def test_anything_else_is_refused(method: str, headers: Raw) -> None:
    """Another site's, a lookalike's, one that hides, and one that says nothing."""
    with pytest.raises(CrossSiteError) as caught:
        _check(method, *headers)
    assert caught.value.code is Code.CROSS_SITE
