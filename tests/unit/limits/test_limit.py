"""Limits as values, and the headers that tell of them."""

from __future__ import annotations

from typing import Any

import pytest

from freehold.errors import Code, DeclarationError
from freehold.limits import Burst, Daily, Standing, headers_of


@pytest.mark.parametrize(
    "declare",
    [
        lambda: Daily("Has spaces", 1),
        lambda: Daily("", 1),
        lambda: Daily("a", -1),
        lambda: Daily("a", True),
        lambda: Daily("a", 1.5),  # type: ignore[arg-type]
        lambda: Burst("a", 1, seconds=0),
        lambda: Burst("a", 1, seconds=90_000),
    ],
)
def test_a_limit_that_cannot_be_is_refused(declare: Any) -> None:
    """Where it is declared."""
    with pytest.raises(DeclarationError) as caught:
        declare()
    assert caught.value.code is Code.LIMIT_INVALID
    assert Daily("a", 0).limit == 0


def test_headers_tell_of_every_limit() -> None:
    """Seconds are whole, and never 0, which would say "now"."""
    standings = [Standing("a", 20, 86_400, 3, 0.2), Standing("b", 5, 60, 0, 11.5)]
    assert headers_of(standings) == {
        "RateLimit-Policy": '"a";q=20;w=86400, "b";q=5;w=60',
        "RateLimit": '"a";r=3;t=1, "b";r=0;t=12',
    }
    assert headers_of(standings, refused=standings[1])["Retry-After"] == "12"
    assert headers_of([]) == {}
