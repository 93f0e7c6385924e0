"""Protocol messages as libpq saw them: round trips are counted by what was said, not by what was meant."""

from __future__ import annotations

import tempfile
import threading
from collections import Counter
from typing import Any

from psycopg.pq import Trace

from freehold.wire import Link


class Wire:
    """What the links of a test said since the last look; F: to the server, B: from it."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed by the fixture
        self._read = 0
        self.links: list[Link] = []

    def listen(self, link: Link) -> None:
        """Notes every message of ``link`` from now on."""
        self._trace(link)
        self.links.append(link)

    def _trace(self, link: Link) -> None:
        link.connection.pgconn.trace(self._file.fileno())
        link.connection.pgconn.set_trace_flags(Trace.SUPPRESS_TIMESTAMPS | Trace.REGRESS_MODE)

    def messages(self) -> list[str]:
        """The messages since the last call, as libpq prints them."""
        for link in self.links:
            if link.alive:
                link.connection.pgconn.untrace()  # writes out what libpq has buffered
                self._trace(link)
        self._file.seek(self._read)
        said = self._file.read()
        self._read += len(said)
        return [line for line in said.splitlines() if line.startswith(("F\t", "B\t"))]

    def sent(self) -> Counter[str]:
        """How many messages of each kind were sent since the last call."""
        return Counter(line.split("\t")[2] for line in self.messages() if line.startswith("F"))

    def close(self) -> None:
        """Stops listening."""
        for link in self.links:
            if link.alive:
                link.connection.pgconn.untrace()
        self._file.close()


def listening(wire: Wire) -> type[Link]:
    """A `Link` that tells ``wire`` what it says."""

    class Listening(Link):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            if threading.current_thread() is threading.main_thread():  # a platform that is served has one of its own
                wire.listen(self)

        def detach(self) -> None:
            if self in wire.links:
                self.connection.pgconn.untrace()
            super().detach()

    return Listening
