"""What the scope tests look at connections with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from freehold.wire import pool
from tests.integration.scope.trace import Wire, listening


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    """The messages of every connection that a scope uses from now on."""
    wire = Wire()
    monkeypatch.setattr(pool, "Link", listening(wire))
    yield wire
    wire.close()
