"""A connection that several callers share: exchanges queue behind each other and answers come back in order.

Nobody checks a connection out to run one statement: a scoped verb is complete in itself (its identity, its
implicit transaction, its Sync), so the next caller's messages can follow at once. Every exchange begins with the
caller's settings and their echo is compared on return: rows can only reach the caller they were read for.
"""

from __future__ import annotations

import asyncio
import secrets
import select
from collections import OrderedDict, deque
from collections.abc import Sequence
from typing import Final

import psycopg
from psycopg import AsyncConnection
from psycopg.abc import Transformer
from psycopg.adapt import Transformer as Adapter
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult

from freehold.errors import Code, ConnectionLostError, DatabaseError
from freehold.wire.exchange import Exchange, Preparation, Shape
from freehold.wire.sqlstate import connection_lost
from freehold.wire.step import Step

_STATEMENTS_KEPT: Final = 256
_LAST_WORDS: Final = 4  # messages a server may send before it ends a connection
_COPIES: Final = frozenset({ExecStatus.COPY_IN, ExecStatus.COPY_OUT, ExecStatus.COPY_BOTH})


class Link:
    """One connection in libpq's pipeline mode, driven by the event loop."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection
        self.transformer: Transformer = Adapter(connection)
        self.round_trips = 0
        self._pg = connection.pgconn
        self._pg.nonblocking = 1
        self._pg.enter_pipeline_mode()
        self._loop = asyncio.get_running_loop()
        self._socket = self._pg.socket
        self._loop.add_reader(self._socket, self._readable)
        self._writing = False
        self._flushing = False
        self._queue: deque[Exchange] = deque()
        self._prefix = f"fh_{secrets.token_hex(8)}_"
        self._prepared: OrderedDict[Shape, bytes] = OrderedDict()
        self._names = 0
        self._lost: DatabaseError | None = None

    @property
    def depth(self) -> int:
        """How many exchanges are waiting for their answer."""
        return len(self._queue)

    @property
    def alive(self) -> bool:
        """Whether the connection can take another exchange."""
        return self._lost is None

    @property
    def idle(self) -> bool:
        """Whether nothing is under way, no transaction block included."""
        return self.alive and not self._queue and self._pg.transaction_status == TransactionStatus.IDLE

    @property
    def stale(self) -> bool:
        """Whether an idle connection was ended by the server: bytes, or the end, have arrived that nobody asked for."""
        for _ in range(_LAST_WORDS):
            if not self.alive or not select.select([self._socket], [], [], 0)[0]:
                break
            self._readable()
        return not self.alive

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction block is open and sound."""
        return self.alive and self._pg.transaction_status == TransactionStatus.INTRANS

    def exchange(
        self, steps: Sequence[Step], echo: tuple[bytes, ...] = (), *, echo_at: int = 0
    ) -> asyncio.Future[list[PGresult]]:
        """Sends ``steps`` in one round trip, as one transaction; the future has a result for each.

        ``echo``: what the result of step ``echo_at``, the caller's settings, must repeat. A future that is
        cancelled leaves its answer to be thrown away when it comes.
        """
        exchange = Exchange(self._loop.create_future(), echo, echo_at)
        if self._lost is not None:
            exchange.fail(self._lost)
            return exchange.future
        try:
            for step in steps:
                self._send(exchange, step)
            self._end(exchange)
        except psycopg.Error:
            self._lose(connection_lost())
            exchange.fail(connection_lost())
        return exchange.future

    def detach(self) -> None:
        """Gives the connection back to psycopg's own methods; the link is over."""
        self._loop.remove_reader(self._socket)
        self._lost = connection_lost()
        self._pg.exit_pipeline_mode()
        self._pg.nonblocking = 0

    def close(self) -> None:
        """Ends the connection and everything that waits on it."""
        self._lose(connection_lost())

    def forget_statements(self) -> None:
        """Prepares every statement anew, after the server's copies became unusable."""
        self._prepared.clear()

    def _send(self, exchange: Exchange, step: Step) -> None:
        shape = Shape(step.sql, step.types)
        name = self._prepared.get(shape) or exchange.preparing.get(shape)
        if name is None:
            self._names += 1
            name = exchange.preparing[shape] = f"{self._prefix}{self._names}".encode()
            self._pg.send_prepare(name, step.sql, step.types)
            exchange.expected.append(Preparation(shape, name))
        elif shape in self._prepared:
            self._prepared.move_to_end(shape)
        self._pg.send_query_prepared(name, step.parameters, step.formats, step.row_format)
        exchange.expected.append(None)

    def _end(self, exchange: Exchange) -> None:
        self._pg.pipeline_sync()
        self._queue.append(exchange)
        self.round_trips += 1
        if len(self._queue) == 1:
            self._flush()
        elif not self._flushing:
            # Callers who come in the same turn of the loop share one write.
            self._flushing = True
            self._loop.call_soon(self._flush_later)

    def _flush_later(self) -> None:
        self._flushing = False
        if self.alive:
            self._flush()

    def _remember(self, preparation: Preparation) -> None:
        """Keeps a statement that the server has; two callers may have prepared the same one side by side."""
        stale = self._prepared.pop(preparation.shape, None)
        self._prepared[preparation.shape] = preparation.name
        if stale is None and len(self._prepared) > _STATEMENTS_KEPT:
            _, stale = self._prepared.popitem(last=False)
        if stale is not None:
            exchange = Exchange(self._loop.create_future(), expected=[None])
            self._pg.send_close_prepared(stale)
            self._end(exchange)

    def _flush(self) -> None:
        try:
            blocked = bool(self._pg.flush())
        except psycopg.Error:
            self._lose(connection_lost())
            return
        if blocked and not self._writing:
            self._loop.add_writer(self._socket, self._flush)
        elif not blocked and self._writing:
            self._loop.remove_writer(self._socket)
        self._writing = blocked

    def _readable(self) -> None:
        try:
            self._pg.consume_input()
            while self._pg.notifies():
                pass
            self._drain()
        except psycopg.Error as error:
            self._lose(connection_lost(error.sqlstate))

    def _drain(self) -> None:
        """Takes every result that has arrived; libpq gives None after each statement, and twice when dry."""
        blank = False
        while self._queue and not self._pg.is_busy():
            result = self._pg.get_result()
            if result is None:
                if blank:
                    return
                blank = True
                continue
            blank = False
            if result.status == ExecStatus.PIPELINE_SYNC:
                self._finish(self._queue.popleft())
            elif result.status in _COPIES or len(self._queue[0].expected) == self._queue[0].taken:
                self._lose(connection_lost())
            else:
                preparation = self._queue[0].take(result)
                if preparation is not None:
                    self._remember(preparation)

    def _finish(self, exchange: Exchange) -> None:
        if not exchange.mismatched:
            exchange.settle()
            return
        error = ConnectionLostError(
            Code.IDENTITY_MISMATCH,
            "An answer did not carry the identity it was asked for; the connection was closed.",
            hint="This is a defect of freehold, or of something between it and the server: please report it.",
        )
        exchange.fail(error)
        self._lose(error)

    def _lose(self, error: DatabaseError) -> None:
        if self._lost is not None:
            return
        self._lost = error
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        self._pg.finish()
        while self._queue:
            self._queue.popleft().fail(error)
