"""The limit on bodies: what says that it is too large is not even received."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from freehold.actions.limit import BodyLimit


async def _read(content_length: bytes | None, *chunks: bytes) -> tuple[int, int]:
    """The status, 200 for a body that could be read, and how many chunks were received."""
    received = 0

    async def receive() -> Message:
        nonlocal received
        received += 1
        return {"type": "http.request", "body": chunks[received - 1], "more_body": received < len(chunks)}

    async def reader(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["more_body"]:
            pass

    async def send(_: Message) -> None: ...

    headers = [] if content_length is None else [(b"content-length", content_length)]
    scope: dict[str, Any] = {"type": "http", "headers": headers}
    try:
        await BodyLimit(reader, largest=4)(scope, receive, send)
    except HTTPException as error:
        return error.status_code, received
    return 200, received


@pytest.mark.parametrize("content_length", [b"4", None, b"", b"many", b"-1"])
async def test_what_fits_is_read(content_length: bytes | None) -> None:
    """To the last byte that fits; a length that is none says nothing."""
    assert await _read(content_length, b"12", b"34") == (200, 2)


async def test_an_announced_body_is_refused_unread() -> None:
    """Nothing of it is received."""
    assert await _read(b"5", b"12345") == (413, 0)


@pytest.mark.parametrize("content_length", [b"4", None])
async def test_what_turns_out_too_large_is_refused_at_once(content_length: bytes | None) -> None:
    """At the first byte too many, whatever was announced."""
    assert await _read(content_length, b"12", b"345", b"6") == (413, 2)
