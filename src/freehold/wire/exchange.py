"""The protocol of one pipelined exchange, free of sockets: what was sent, what must come back, in which order.

Everything between two Sync messages is one implicit transaction (PostgreSQL manual, section 54.2.3), so an
exchange succeeds or fails as a whole: the first error skips the rest of it, up to its Sync.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from psycopg import errors as psycopg_errors
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

from freehold.errors import DatabaseError
from freehold.wire.sqlstate import error_from

_ANSWERS: Final = frozenset({ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK, ExecStatus.EMPTY_QUERY})


class Shape(NamedTuple):
    """What makes two statements the same prepared statement."""

    sql: bytes
    types: tuple[int, ...]


class Preparation(NamedTuple):
    """A Parse that was sent: from its answer on, the server knows ``shape`` by ``name``."""

    shape: Shape
    name: bytes


@dataclass(slots=True)
class Exchange:
    """One caller's messages on a connection, and the future that gets their results.

    ``expected`` has an entry for each result to come: the `Preparation` it answers, or None for a statement's own
    result. ``echo`` are the values that result ``echo_at`` must repeat, because it answers this caller's identity.
    ``preparing`` are the names of statements that this exchange prepares itself.
    """

    future: asyncio.Future[list[PGresult]]
    echo: tuple[bytes, ...] = ()
    echo_at: int = 0
    expected: list[Preparation | None] = field(default_factory=list[Preparation | None])
    preparing: dict[Shape, bytes] = field(default_factory=dict[Shape, bytes])
    results: list[PGresult] = field(default_factory=list[PGresult])
    error: DatabaseError | None = None
    taken: int = 0

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
        return any(answer.get_value(0, column) != sent for column, sent in enumerate(self.echo))

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
