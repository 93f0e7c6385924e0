"""The headers that go with every response."""

from __future__ import annotations

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from freehold.actions import SecurityHeaders


async def _kept(request: Request) -> PlainTextResponse:
    return PlainTextResponse("kept", headers={"Cache-Control": "max-age=60"})


async def _plain(request: Request) -> PlainTextResponse:
    return PlainTextResponse("plain")


async def _headers(path: str, *, scripts: bool = True) -> httpx.Headers:
    app = Starlette(routes=[Route("/plain", _plain), Route("/kept", _kept)])
    app.add_middleware(SecurityHeaders, scripts=scripts)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        return (await client.get(path)).headers


@pytest.mark.parametrize("path", ["/plain", "/nowhere"])
async def test_every_response_has_them(path: str) -> None:
    """Also one that found nothing: an error page is a page."""
    headers = await _headers(path)
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")


async def test_pages_without_scripts_allow_none() -> None:
    """What default-src refuses is not given back."""
    assert "script-src" not in (await _headers("/plain", scripts=False))["content-security-policy"]


async def test_what_says_how_long_it_keeps_is_left_alone() -> None:
    """Files with a name of their own may be kept."""
    assert (await _headers("/kept"))["cache-control"] == "max-age=60"
