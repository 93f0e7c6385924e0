"""AU705: a connection of its own, outside every scope."""

from __future__ import annotations

from collections.abc import Iterator

from freehold.audit.found import Found, Severity
from freehold.audit.rule import Example, Rule
from freehold.audit.source import Module

_OPENERS = frozenset({
    "psycopg.connect", "psycopg.AsyncConnection.connect", "psycopg.Connection.connect", "psycopg2.connect",
    "psycopg_pool.ConnectionPool", "psycopg_pool.AsyncConnectionPool", "asyncpg.connect", "asyncpg.create_pool",
    "sqlalchemy.create_engine", "sqlalchemy.ext.asyncio.create_async_engine", "freehold.wire.connect",
    "freehold.wire.connect_async",
})  # fmt: skip


def _check(module: Module) -> Iterator[Found]:
    for call in module.calls:
        name = module.name_of(call.func)
        if name in _OPENERS:
            yield module.found(
                call,
                f"{name} opens a connection that no identity travels with: its statements run as the login.",
                "async with db.as_user(identity).transaction() as tx: ...",
            )


RULE = Rule(
    id="AU705",
    title="A statement outside a scope",
    severity=Severity.ERROR,
    why="On a connection of its own a statement has no caller: it is refused where the login owns nothing, and sees "
    "everything where somebody gave the login more to make it work.",
    remedy="Run it in a scope: db.as_user(...), or db.as_service(reason=...) in background work.",
    about=Module,
    check=_check,
    example=Example(
        "import asyncpg\n\n\nasync def titles(dsn):\n    return await asyncpg.connect(dsn)\n",
        "async def titles(db, identity):\n    return await db.as_user(identity).all(TITLES)\n",
    ),
)
