"""How often a test waits for the server, counted where messages leave."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from unittest.mock import patch

from freehold.wire import Link


class RoundTrips:
    """The round trips of the block so far, of scopes; SQLAlchemy sessions talk past it."""

    def __init__(self) -> None:
        self.count = 0

    def __eq__(self, other: object) -> bool:
        return self.count == other

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        return f"<{self.count} round trips>"


@contextmanager
def round_trips() -> Generator[RoundTrips]:
    """Counts the round trips of every scope while the block runs."""
    counted, send = RoundTrips(), Link.send

    def counting(link: Link, *arguments: object, **options: object) -> object:
        counted.count += 1
        return send(link, *arguments, **options)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    with patch.object(Link, "send", counting):
        yield counted
