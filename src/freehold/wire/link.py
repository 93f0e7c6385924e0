"""A connection that several callers share: exchanges queue behind each other and answers come back in order.

Nobody checks a connection out to run one statement: a scoped verb is complete in itself (its identity, its
implicit transaction, its Sync), so the next caller's messages can follow at once. Every exchange begins with the
caller's settings and their echo is compared on return: rows can only reach the caller they were read for.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from time import perf_counter
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
# Plain numbers: looking a member up in an enumeration costs as much as the comparison.
_COPIES: Final = frozenset(map(int, (ExecStatus.COPY_IN, ExecStatus.COPY_OUT, ExecStatus.COPY_BOTH)))
_SYNC: Final = int(ExecStatus.PIPELINE_SYNC)
_PATIENT: Final = 0.005
"""Seconds, on top of twice the network's: an exchange that takes longer than that holds up those behind it."""


class Link:
    """One connection in libpq's pipeline mode, driven by the event loop.

    ``named``: statements are prepared under names and reused; behind a transaction pooler, which may send every exchange to
    another server, they are not. ``on_turn`` is called whenever an exchange has been answered, or the connection is lost.
    """

    def __init__(
        self, connection: AsyncConnection, *, named: bool = True, on_turn: Callable[[Link], None] | None = None
    ) -> None:
        self.connection = connection
        self.transformer: Transformer = Adapter(connection)
        self.round_trips = 0
        self.mismatches = 0
        self.answers = 0
        self.slow = 0  # exchanges under way that are known to take long
        self.named = named
        self.on_turn = on_turn
        self._pg = connection.pgconn
        self._pg.nonblocking = 1
        self._pg.enter_pipeline_mode()
        self._loop = asyncio.get_running_loop()
        self._socket = self._pg.socket
        self._loop.add_reader(self._socket, self._readable)
        self._writing = False
        self._queue: deque[Exchange] = deque()
        self._prefix = f"fh_{secrets.token_hex(8)}_"
        self._prepared: OrderedDict[Shape, bytes] = OrderedDict()
        self._names = 0
        self._lost: DatabaseError | None = None
        self._answered = 0.0
        self._network = 1.0  # seconds of the quickest answer so far

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

    def held_up(self, now: float) -> bool:
        """Whether the exchange under way takes long, so that what is sent now would wait for it."""
        if not self._queue:
            return False
        begun = max(self._queue[0].sent, self._answered)
        return now - begun > _PATIENT + 2 * self._network

    @property
    def unwanted(self) -> bool:
        """Whether nobody waits any more for what is under way."""
        return bool(self._queue) and all(exchange.future.cancelled() for exchange in self._queue)

    @property
    def stale(self) -> bool:
        """Whether an idle connection was ended by the server: bytes, or the end, have arrived that nobody asked for."""
        for _ in range(_LAST_WORDS):
            if not self.alive:
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
        """`send`, for a caller who wants the results only."""
        return self.send(steps, echo, echo_at=echo_at).future

    def send(
        self, steps: Sequence[Step], echo: tuple[bytes, ...] = (), *, echo_at: int = 0, slow: bool = False
    ) -> Exchange:
        """Sends ``steps`` in one round trip, as one transaction; the exchange's future has a result for each.

        ``echo``: what the result of step ``echo_at``, the caller's settings, must repeat. ``slow``: it is known to take
        long. A future that is cancelled leaves its answer to be thrown away when it comes.
        """
        exchange = Exchange(self._loop.create_future(), echo, echo_at, slow=slow)
        if self._lost is not None:
            exchange.fail(self._lost)
            return exchange
        try:
            for step in steps:
                self._send(exchange, step)
            self._end(exchange)
        except psycopg.Error:
            self._lose(connection_lost())
            exchange.fail(connection_lost())
        return exchange

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
        sql, parameters, types, formats, row_format = step
        if not self.named:
            self._pg.send_query_params(sql, parameters, types, formats, row_format)
            exchange.expected.append(None)
            return
        shape = Shape(sql, types)
        name = self._prepared.get(shape)
        if name is not None:
            self._prepared.move_to_end(shape)
        else:
            name = exchange.preparing.get(shape) or self._prepare(exchange, shape)
        self._pg.send_query_prepared(name, parameters, formats, row_format)
        exchange.expected.append(None)

    def _prepare(self, exchange: Exchange, shape: Shape) -> bytes:
        self._names += 1
        name = exchange.preparing[shape] = f"{self._prefix}{self._names}".encode()
        self._pg.send_prepare(name, shape.sql, shape.types)
        exchange.expected.append(Preparation(shape, name))
        return name

    def _end(self, exchange: Exchange) -> None:
        self._pg.pipeline_sync()  # which also writes as much as the socket takes
        exchange.sent = perf_counter()
        self.slow += exchange.slow
        self._queue.append(exchange)
        self.round_trips += 1
        if not self._writing:
            self._flush()

    def _remember(self, preparation: Preparation) -> None:
        """Keeps a statement that the server has; two callers may have prepared the same one side by side."""
        stale = self._prepared.pop(preparation.shape, None)
        self._prepared[preparation.shape] = preparation.name
        if stale is None and len(self._prepared) > _STATEMENTS_KEPT:
            _, stale = self._prepared.popitem(last=False)
        if stale is not None:
            exchange = Exchange(self._loop.create_future())
            exchange.expected.append(None)
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
        """Takes every result that has arrived.

        libpq gives None after each statement, which is there as soon as the result is, and when nothing is left.
        """
        pg, queue = self._pg, self._queue
        while queue and not pg.is_busy():
            result = pg.get_result()
            if result is None:
                return
            exchange, status = queue[0], result.status
            if status == _SYNC:
                queue.popleft()
                self._finish(exchange)
                continue
            if status in _COPIES or len(exchange.expected) == exchange.taken:
                self._lose(connection_lost())
                return
            preparation = exchange.take(result)
            if preparation is not None:
                self._remember(preparation)
            pg.get_result()

    def _finish(self, exchange: Exchange) -> None:
        now = perf_counter()
        exchange.served = now - max(exchange.sent, self._answered)
        self._network = min(self._network, now - exchange.sent)
        self._answered = now
        self.answers += 1
        self.slow -= exchange.slow
        if exchange.mismatched:
            self._refuse(exchange)
        else:
            exchange.settle()
        if self.on_turn is not None:
            self.on_turn(self)

    def _refuse(self, exchange: Exchange) -> None:
        error = ConnectionLostError(
            Code.IDENTITY_MISMATCH,
            "An answer did not carry the identity it was asked for; the connection was closed.",
            hint="This is a defect of freehold, or of something between it and the server: please report it.",
        )
        exchange.fail(error)
        self.mismatches += 1
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
        if self.on_turn is not None:
            self.on_turn(self)
