"""SQLAlchemy sessions that run as a caller: the identity travels with BEGIN, and again after every commit."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final, cast

from sqlalchemy import URL, Connection, event
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.psycopg import PGDialectAsync_psycopg
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.util.concurrency import await_

from freehold.errors import DatabaseError
from freehold.scope.caller import Caller
from freehold.scope.compiler import OWNER_TEXT, OWNER_UUID, Filter, FilteringCompiler, Reach
from freehold.scope.plan import owner_uuid
from freehold.wire import AsyncConnection, begin_as, connect_async, translated_error

_CALLER: Final = "freehold_caller"
_URL: Final = "postgresql+freehold://"


class SessionDialect(PGDialectAsync_psycopg):
    """SQLAlchemy's async psycopg dialect with the owner filter."""

    statement_compiler = FilteringCompiler
    supports_statement_cache = True

    def __init__(self, filter_: Filter = Filter(Reach.UNNAMED), **options: Any) -> None:  # noqa: B008 - a value
        super().__init__(**options)  # type: ignore[no-untyped-call] # pyright: ignore[reportUnknownMemberType]
        self.filter = filter_

    @classmethod
    def get_async_dialect_cls(cls, url: URL) -> type[SessionDialect]:
        """Itself; psycopg's dialect would answer with its own."""
        return cls


registry.register("postgresql.freehold", __name__, SessionDialect.__name__)


class Engines:
    """The engines of one login role, one for each filter, on one pool of connections."""

    def __init__(self, dsn: str, largest: int, *, pooled: bool = False) -> None:
        self._dsn = dsn
        self._pooled = pooled
        self._largest = largest
        self._engines: dict[Filter, AsyncEngine] = {}

    @asynccontextmanager
    async def session(self, caller: Caller) -> AsyncGenerator[AsyncSession]:
        """A session whose every transaction begins as ``caller``."""
        engine = self._engine(caller.filter).execution_options(**{_CALLER: caller})
        async with AsyncSession(engine, expire_on_commit=False) as session:
            yield session

    async def close(self) -> None:
        """Ends every connection."""
        engines, self._engines = self._engines, {}
        for engine in engines.values():
            await engine.dispose()

    def _engine(self, filter_: Filter) -> AsyncEngine:
        if filter_ not in self._engines:
            self._engines[filter_] = self._create(filter_)
        return self._engines[filter_]

    def _create(self, filter_: Filter) -> AsyncEngine:
        shared = next((engine.sync_engine.pool for engine in self._engines.values()), None)
        options: dict[str, Any] = {"pool": shared}
        if shared is None:
            sizes = {"pool_size": 2, "max_overflow": max(0, self._largest - 2)}
            options = {
                "async_creator": lambda: connect_async(self._dsn, pooled=self._pooled),
                "pool_reset_on_return": None,
                **sizes,
            }
        engine = create_async_engine(_URL, filter_=filter_, **options)
        event.listen(engine.sync_engine, "begin", _begin)
        event.listen(engine.sync_engine, "handle_error", _translate)
        event.listen(engine.sync_engine, "before_cursor_execute", _fill_owner, retval=True)
        if shared is None:
            event.listen(engine.sync_engine.pool, "reset", _clean)
        return engine


def _translate(context: ExceptionContext) -> DatabaseError | None:
    """Freehold's error for the driver's, whose own text repeats values of the row."""
    return translated_error(context.original_exception)


def _begin(connection: Connection) -> None:
    caller: Caller = connection.get_execution_options()[_CALLER]
    await_(begin_as(cast(AsyncConnection, connection.connection.driver_connection), caller.step))


def _fill_owner(
    connection: Connection,
    _cursor: Any,
    statement: str,
    parameters: Any,
    _context: Any,
    executemany: bool,
) -> tuple[str, Any]:
    caller: Caller = connection.get_execution_options()[_CALLER]
    for values in parameters if executemany else [parameters]:
        if isinstance(values, dict) and OWNER_TEXT in values:
            values[OWNER_TEXT] = caller.owner
        if isinstance(values, dict) and OWNER_UUID in values and caller.owner is not None:
            values[OWNER_UUID] = owner_uuid(caller.owner)
    return statement, parameters


def _clean(connection: Any, _record: Any, state: Any) -> None:
    """What a session may have left on its connection ends when the connection goes back."""
    if not state.terminate_only:
        connection.rollback()
        connection.cursor().execute("DISCARD ALL")
