"""SQLAlchemy Core on asyncpg, scoped by hand: ``engine.begin()``, which begins with the caller's role and claims.

https://docs.sqlalchemy.org/en/21/orm/extensions/asyncio.html
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    bindparam,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from benchmarks.login import Where
from benchmarks.peer import Peer, titles
from benchmarks.workload import LISTED, Job

tasks = Table(
    "tasks",
    MetaData(),
    Column("id", Uuid, primary_key=True, default=uuid4),
    Column("user_id", Uuid, primary_key=True),
    Column("title", Text, nullable=False),
    Column("status", Text, nullable=False, server_default="pending"),
    Column("priority", Integer, nullable=False, server_default="0"),
    Column("starred", Boolean, nullable=False, server_default="false"),
    Column("notes", Text),
    Column("created_at", DateTime(timezone=True), server_default=func.now()),
    Column("updated_at", DateTime(timezone=True), server_default=func.now()),
)
SCOPE = text("SELECT set_config('role', 'authenticated', true), set_config('request.jwt.claims', :claims, true)")


class SqlalchemyCore(Peer):
    """Rows are SQLAlchemy's `Row`."""

    title = "SQLAlchemy Core (asyncpg), scoped by hand"
    packages = ("sqlalchemy", "asyncpg", "greenlet")

    async def open(self, where: Where, connections: int) -> None:
        self._engine = create_async_engine(where.url("postgresql+asyncpg"), pool_size=connections, max_overflow=0)

    async def close(self) -> None:
        await self._engine.dispose()

    @asynccontextmanager
    async def _scope(self, job: Job) -> AsyncIterator[AsyncConnection]:
        async with self._engine.begin() as connection:
            await connection.execute(SCOPE, {"claims": job.claims})
            yield connection

    async def list20(self, job: Job) -> list[Any]:
        mine = select(tasks).where(tasks.c.user_id == UUID(job.user))
        async with self._scope(job) as connection:
            return list((await connection.execute(mine.order_by(tasks.c.id.desc()).limit(LISTED))).all())

    async def point(self, job: Job) -> Any:
        one = select(tasks).where(tasks.c.user_id == UUID(job.user), tasks.c.id == UUID(job.id))
        async with self._scope(job) as connection:
            return (await connection.execute(one)).one()

    async def insert1(self, job: Job) -> Any:
        new = insert(tasks).values(user_id=UUID(job.user), title=job.title).returning(tasks)
        async with self._scope(job) as connection:
            return (await connection.execute(new)).one()

    async def update1(self, job: Job) -> Any:
        mine = update(tasks).where(tasks.c.user_id == UUID(job.user), tasks.c.id == UUID(job.id))
        async with self._scope(job) as connection:
            return (await connection.execute(mine.values(title=job.title).returning(tasks))).one()

    async def batch3(self, job: Job) -> tuple[list[Any], Any, int]:
        user = tasks.c.user_id == UUID(job.user)
        async with self._scope(job) as connection:
            listed = await connection.execute(select(tasks).where(user).order_by(tasks.c.id.desc()).limit(LISTED))
            one = await connection.execute(select(tasks).where(user, tasks.c.id == UUID(job.id)))
            count = await connection.execute(select(func.count()).select_from(tasks).where(user))
            return list(listed.all()), one.one(), count.scalar_one()

    async def insert10000(self, job: Job) -> None:
        user = UUID(job.user)
        async with self._scope(job) as connection:
            new = insert(tasks).values(user_id=user, title=bindparam("title"))
            await connection.execute(new, [{"title": title} for title in titles()])

    async def stream(self, job: Job) -> int:
        rows = 0
        async with self._scope(job) as connection:
            mine = select(tasks).where(tasks.c.user_id == UUID(job.user))
            async for _ in await connection.stream(mine, execution_options={"yield_per": 1000}):
                rows += 1
        return rows


PEER = SqlalchemyCore
