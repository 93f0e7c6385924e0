"""How planned statements run: each call by itself on a shared connection, or several on one of their own."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Coroutine, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from time import perf_counter
from typing import Any, Final, Literal, Protocol

from freehold.errors import Code, DatabaseError, StatementError
from freehold.scope.caller import Caller
from freehold.scope.door import Door
from freehold.scope.metric import Observer, Spans
from freehold.scope.opening import opens_or_ends_transaction
from freehold.scope.plan import Call
from freehold.scope.replica import POSITION, Marks
from freehold.wire import Format, Link, PGresult, Step, connection_lost, encoded

_BEGIN: Final = Step(b"BEGIN")
_COMMIT: Final = Step(b"COMMIT")
_ROLLBACK: Final = Step(b"ROLLBACK")
Isolation = Literal["read committed", "repeatable read", "serializable"]
_LEVELS: Final[dict[Isolation, bytes]] = {
    "read committed": b"BEGIN ISOLATION LEVEL READ COMMITTED",
    "repeatable read": b"BEGIN ISOLATION LEVEL REPEATABLE READ",
    "serializable": b"BEGIN ISOLATION LEVEL SERIALIZABLE",
}
# The server's copy of a prepared statement is gone, or a change of the schema made its plan unusable.
_UNPREPARED: Final = frozenset({"26000", "0A000"})


class Executor(Protocol):
    """Runs statements as one caller."""

    def run(self, calls: Sequence[Call]) -> Coroutine[Any, Any, list[list[Any]]]:
        """The rows of each call; all of them are one transaction, or part of one."""
        ...

    def raw(self, sql: str, values: Sequence[Any]) -> Coroutine[Any, Any, list[tuple[Any, ...]]]:
        """The rows of one statement given as text."""
        ...

    @property
    def repeatable(self) -> bool:
        """Whether a transaction of this executor's is a whole one, which may be run again."""
        ...

    def transaction(
        self, *, isolation: Isolation | None = None, undo: bool = False
    ) -> AbstractAsyncContextManager[TransactionExecutor]:
        """An async context manager that gives an executor inside a transaction or savepoint; ``undo``: rolled back."""
        ...


class SharedExecutor:
    """Every run is one round trip and one transaction, on whichever connection has the shortest queue."""

    __slots__ = ("_caller", "_door")

    def __init__(self, door: Door, caller: Caller) -> None:
        self._door = door
        self._caller = caller

    def run(self, calls: Sequence[Call]) -> Coroutine[Any, Any, list[list[Any]]]:
        """The rows of each call; either all of them happen or none.

        A call that could leave something on its connection gets one of its own, which is cleaned afterwards.
        """
        spans = self._door.observer.spans
        return self._run(calls) if spans is None else _traced(spans, calls, self._run(calls))

    async def _run(self, calls: Sequence[Call]) -> list[list[Any]]:
        for call in calls:
            if not call.plan.shares:
                async with self.transaction() as executor:
                    return await executor.run(calls)
        door = self._door
        slow = door.observer.expects_slow(calls)
        link = None if slow else door.free()
        if link is None:
            pool = await door.pool()
            if not pool.size.lanes:
                async with pool.exclusive() as own:
                    return await self._exchange(own, calls, slow)
            link = await pool.lanes.take(slow=slow)
        try:
            return await self._exchange(link, calls, slow)
        except DatabaseError as error:
            door.observer.failed(calls)
            if not _repeatable(error, link, calls):
                raise
        door.observer.retries += 1
        pool = await door.pool()
        return await self._exchange(await pool.lanes.take(slow=slow), calls, slow)

    async def raw(self, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The rows of one statement given as text, on a connection of its own, which is cleaned afterwards."""
        async with self.transaction() as executor:
            return await executor.raw(sql, values)

    @property
    def repeatable(self) -> bool:
        """A transaction here is a whole one."""
        return True

    @asynccontextmanager
    async def transaction(
        self, *, isolation: Isolation | None = None, undo: bool = False
    ) -> AsyncGenerator[TransactionExecutor]:
        """A transaction on a connection of its own; it commits at the end of the block, or rolls back."""
        door = self._door
        pool = await door.pool()
        async with pool.exclusive() as link:
            executor = TransactionExecutor(link, self._caller, door.observer, isolation=isolation)
            try:
                yield executor
            except BaseException:
                await executor.roll_back()
                raise
            await (executor.roll_back() if undo else executor.commit(door.marks))

    async def _exchange(self, link: Link, calls: Sequence[Call], slow: bool) -> list[list[Any]]:
        caller = self._caller
        steps = [caller.step, *[call.step(link.transformer) for call in calls]]
        exchange = link.send(steps, caller.echo, slow=slow)
        door = self._door
        written = door.marks is not None and not all(call.plan.reads for call in calls)
        behind = link.send((POSITION,)) if written else None
        try:
            results = await exchange.future
            if behind is not None and door.marks is not None:
                door.marks.take(caller.owner, await behind.future)
        except asyncio.CancelledError:
            self._door.abandon(link)
            raise
        rows = _rows(link, calls, results[1:])
        if door.observer.note(calls, rows, exchange.served) and door.observer.plans:
            door.spawn(self._log_plans(calls))
        return rows

    async def _log_plans(self, calls: Sequence[Call]) -> None:
        """Logs how PostgreSQL runs statements that were slow, as their caller, without their values."""
        observer = self._door.observer
        for call in calls:
            try:
                async with self.transaction(undo=True) as executor:
                    plan = await executor.explain_generic(call)
            except DatabaseError as error:
                observer.unexplained(call, error)
            else:
                observer.explained(call, plan)


class TransactionExecutor:
    """Runs on one connection, inside one transaction, which begins with the first statement.

    ``outer`` makes it a savepoint of that executor's transaction.
    """

    def __init__(
        self,
        link: Link,
        caller: Caller,
        observer: Observer,
        *,
        outer: TransactionExecutor | None = None,
        isolation: Isolation | None = None,
    ) -> None:
        self.wrote = False
        self._begin = _BEGIN if isolation is None else Step(_LEVELS[isolation])
        self._link = link
        self._caller = caller
        self._observer = observer
        self._outer = outer
        self._begun = False
        self._interrupted = False
        self._over = False

    async def run(self, calls: Sequence[Call]) -> list[list[Any]]:
        """The rows of each call; an error leaves the transaction aborted until its block or savepoint ends."""
        spans = self._observer.spans
        return await (self._run(calls) if spans is None else _traced(spans, calls, self._run(calls)))

    async def _run(self, calls: Sequence[Call]) -> list[list[Any]]:
        begun = perf_counter()
        self._note_writes(not call.plan.reads for call in calls)
        try:
            results = await self._send([call.step(self._link.transformer) for call in calls])
        except DatabaseError:
            self._observer.failed(calls)
            raise
        rows = _rows(self._link, calls, results)
        self._observer.note(calls, rows, perf_counter() - begun)
        return rows

    async def raw(self, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The rows of one statement given as text; it may not begin or end a transaction."""
        if opens_or_ends_transaction(sql):
            raise StatementError(
                Code.STATEMENT_UNSUPPORTED,
                "A raw statement may not begin or end a transaction.",
                hint="Leave the block to commit; raise to roll back; nest scope.transaction() for a savepoint.",
            )
        self._note_writes((True,))
        step = encoded(self._link.transformer, sql.encode(), values, Format.TEXT, widened=False)
        (result,) = await self._send([step])
        if not result.nfields:
            return []
        self._link.transformer.set_pgresult(result)
        return self._link.transformer.load_rows(0, result.ntuples, tuple)

    @property
    def repeatable(self) -> bool:
        """A savepoint is part of a transaction."""
        return False

    def _note_writes(self, writes: Iterable[bool]) -> None:
        if any(writes):
            self.wrote = True
            if self._outer is not None:
                self._outer._note_writes((True,))  # noqa: SLF001 - the same class

    async def explain(self, call: Call, *, analyze: bool = False) -> str:
        """The plan of ``call`` with its values."""
        head = b"EXPLAIN (VERBOSE, ANALYZE) " if analyze else b"EXPLAIN (VERBOSE) "
        (result,) = await self._send([encoded(self._link.transformer, head + call.sql, call.values, Format.TEXT)])
        return _lines(result)

    async def explain_generic(self, call: Call) -> str:
        """The plan of ``call`` with placeholders where the values would be; it is not run."""
        # EXPLAIN (GENERIC_PLAN) is for the simple protocol: in the extended one its placeholders ask for values (08P01).
        name = b"freehold_%b" % secrets.token_hex(8).encode()
        nulls = b"(%b)" % b", ".join([b"NULL"] * len(call.values)) if call.values else b""
        statements = (
            b"SET LOCAL plan_cache_mode = force_generic_plan",
            b"PREPARE %b AS %b" % (name, call.sql),
            b"EXPLAIN (VERBOSE) EXECUTE %b%b" % (name, nulls),
            b"DEALLOCATE %b" % name,
        )
        _, _, result, _ = await self._send([Step(statement) for statement in statements])
        return _lines(result)

    @asynccontextmanager
    async def transaction(
        self, *, isolation: Isolation | None = None, undo: bool = False
    ) -> AsyncGenerator[TransactionExecutor]:
        """A savepoint: an error inside the block undoes the block, and the transaction goes on."""
        if isolation is not None:
            raise StatementError(
                Code.STATEMENT_UNSUPPORTED,
                "A savepoint has the isolation of its transaction.",
                hint="Give the isolation to the outer transaction().",
            )
        name = f"freehold_{secrets.token_hex(4)}"
        await self._send([Step(f"SAVEPOINT {name}".encode())])
        inner = TransactionExecutor(self._link, self._caller, self._observer, outer=self)
        try:
            yield inner
        except BaseException:
            inner.end()
            if self._link.alive:
                await self._send([Step(f"ROLLBACK TO SAVEPOINT {name}".encode())])
            raise
        inner.end()
        await self._send([Step(f"{'ROLLBACK TO' if undo else 'RELEASE'} SAVEPOINT {name}".encode())])

    async def pages(self, call: Call, size: int) -> AsyncGenerator[list[Any]]:
        """The rows of ``call``, ``size`` at a time, through a cursor of the server's."""
        cursor = f"freehold_{secrets.token_hex(8)}".encode()
        declared = encoded(
            self._link.transformer,
            b"DECLARE %b NO SCROLL CURSOR FOR %b" % (cursor, call.sql),
            call.values,
            call.plan.row_format,
        )
        fetch = Step(b"FETCH FORWARD %d FROM %b" % (size, cursor), row_format=call.plan.row_format)
        _, result = await self._send([declared, fetch])
        while rows := call.plan.rows(result, self._link.transformer, call.opening):
            yield rows
            if len(rows) < size:
                break
            (result,) = await self._send([fetch])
        await self._send([Step(b"CLOSE %b" % cursor)])

    async def commit(self, marks: Marks | None = None) -> None:
        """Commits; raises when that did not happen: FH211 where a statement had failed, FH308 without an answer.

        ``marks``: where to note how far the log has come, if anything was written.
        """
        self.end()
        if not self._begun:
            return
        committed = self._link.exchange([_COMMIT])
        behind = self._link.exchange([POSITION]) if marks is not None and self.wrote else None
        (result,) = await committed
        if marks is not None and behind is not None:
            marks.take(self._caller.owner, await behind)
        if result.command_status != _COMMIT.sql:
            raise StatementError(
                Code.TRANSACTION_ABORTED,
                "The transaction was rolled back, because a statement in it had failed.",
                hint="Let the error leave the block, or put what may fail into a nested transaction().",
            )

    async def roll_back(self) -> None:
        """Rolls back; a connection that waits for an answer nobody wants is left for the pool to close."""
        self.end()
        if self._begun and not self._interrupted:
            with suppress(DatabaseError):
                await self._link.exchange([_ROLLBACK])

    def end(self) -> None:
        """Refuses every further statement."""
        self._over = True

    async def _send(self, steps: Sequence[Step]) -> list[PGresult]:
        if self._over:
            raise StatementError(
                Code.SCOPE_CLOSED, "The transaction is over.", hint="Use it inside its async with block only."
            )
        if self._outer is not None:
            return await self._outer._send(steps)  # noqa: SLF001 - the same class
        if not self._link.alive:
            raise connection_lost()
        self._interrupted = True
        try:
            return await self._exchange(steps)
        except DatabaseError:
            self._interrupted = False
            raise
        finally:
            self._begun = True

    async def _exchange(self, steps: Sequence[Step]) -> list[PGresult]:
        if self._begun:
            results = await self._link.exchange(steps)
        else:
            results = await self._link.exchange([self._begin, self._caller.step, *steps], self._caller.echo, echo_at=1)
            results = results[2:]
        self._interrupted = False
        return results


def _repeatable(error: DatabaseError, link: Link, calls: Sequence[Call]) -> bool:
    """Whether the same calls may be sent again: nothing of them happened, or they only read."""
    if error.code is Code.CONNECTION_LOST:
        return all(call.plan.reads for call in calls)
    if error.sqlstate in _UNPREPARED:
        link.forget_statements()
        return True
    return False


async def _traced(spans: Spans, calls: Sequence[Call], run: Coroutine[Any, Any, list[list[Any]]]) -> list[list[Any]]:
    with spans.span(calls) as span:
        rows = await run
        span.set_attribute("db.response.returned_rows", sum(map(len, rows)))
        return rows


def _lines(result: PGresult) -> str:
    return b"\n".join(result.get_value(number, 0) or b"" for number in range(result.ntuples)).decode()


def _rows(link: Link, calls: Sequence[Call], results: Sequence[PGresult]) -> list[list[Any]]:
    return [call.plan.rows(result, link.transformer, call.opening) for call, result in zip(calls, results, strict=True)]
