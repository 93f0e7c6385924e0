"""The protocol of one pipelined exchange, free of sockets: what was sent, what must come back, in which order.

Everything between two Sync messages is one implicit transaction (PostgreSQL manual, section 54.2.3), so an
exchange succeeds or fails as a whole: the first error skips the rest of it, up to its Sync.
"""

from __future__ import annotations

import asyncio
from typing import Final, NamedTuple

from psycopg import errors as psycopg_errors
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

from freehold.errors import DatabaseError
from freehold.wire.sqlstate import error_from

# Plain numbers: looking a member up in an enumeration costs as much as the comparison.
_ANSWERS: Final = frozenset(map(int, (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK, ExecStatus.EMPTY_QUERY)))


class Shape(NamedTuple):
    """What makes two statements the same prepared statement."""

    sql: bytes
    types: tuple[int, ...]


class Preparation(NamedTuple):
    """A Parse that was sent: from its answer on, the server knows ``shape`` by ``name``."""

    shape: Shape
    name: bytes


class Exchange:
    """One caller's messages on a connection, and the future that gets their results.

    ``expected`` has an entry for each result to come: the `Preparation` it answers, or None for a statement's own
    result. ``echo`` are the values that result ``echo_at`` must repeat, because it answers this caller's identity.
    ``preparing`` are the names of statements that this exchange prepares itself. ``served``: the seconds for which it was
    the one that its connection worked on.
    """

    __slots__ = (
        "echo", "echo_at", "error", "expected", "future", "preparing", "results", "sent", "served", "slow", "taken",
    )  # fmt: skip

    def __init__(
        self,
        future: asyncio.Future[list[PGresult]],
        echo: tuple[bytes, ...] = (),
        echo_at: int = 0,
        *,
        slow: bool = False,
    ) -> None:
        self.future = future
        self.echo = echo
        self.echo_at = echo_at
        self.slow = slow
        self.expected: list[Preparation | None] = []
        self.preparing: dict[Shape, bytes] = {}
        self.results: list[PGresult] = []
        self.error: DatabaseError | None = None
        self.taken = 0
        self.sent = 0.0
        self.served = 0.0

    def take(self, result: PGresult) -> Preparation | None:
        """Accepts the next result; gives the preparation that it confirms, if it does."""
        about = self.expected[self.taken]
        self.taken += 1
        if self.error is not None:
            return None
        if result.status not in _ANSWERS:
            self.error = error_from(psycopg_errors.error_from_result(result).diag)
            return None
        if about is None:
            self.results.append(result)
        return about

    @property
    def mismatched(self) -> bool:
        """Whether the answer is some other caller's: its echo is not what was sent."""
        if not self.echo or self.error is not None:
            return False
        answer = self.results[self.echo_at]
        if answer.ntuples != 1 or answer.nfields < len(self.echo):
            return True
        for column, sent in enumerate(self.echo):  # noqa: SIM110 - a generator takes twice as long, at every call
            if answer.get_value(0, column) != sent:
                return True
        return False

    def settle(self) -> None:
        """Hands the results, or the error, to the caller, unless it stopped waiting."""
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.results)

    def fail(self, error: DatabaseError) -> None:
        """Ends the exchange with an error of the connection."""
        if not self.future.done():
            self.future.set_exception(error)
