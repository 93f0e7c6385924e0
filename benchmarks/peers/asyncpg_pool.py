"""asyncpg's pool, without row level security: what an application without isolation uses.

https://magicstack.github.io/asyncpg/current/usage.html#connection-pools
"""

from __future__ import annotations

import itertools
from uuid import UUID, uuid4

import asyncpg

from benchmarks.login import Where
from benchmarks.peer import SLOW_EVERY, UNTIMED, Peer
from benchmarks.peers.asyncpg_bare import COUNT, INSERT, INSERTED, LIST, POINT, UPDATE, records
from benchmarks.workload import Job, Row


class AsyncpgPool(Peer):
    """``Pool.fetch`` and ``fetchrow``, which take a connection, run, reset it and give it back."""

    title = "asyncpg, pool, no RLS"
    packages = ("asyncpg",)
    scoped = False

    async def open(self, where: Where, connections: int) -> None:
        self._calls = itertools.count()
        self._pool = await asyncpg.create_pool(
            host=where.host,
            user=where.user,
            password=where.password,
            database=where.database,
            min_size=connections,
            max_size=connections,
        )

    async def close(self) -> None:
        await self._pool.close()

    def plain(self, row: asyncpg.Record) -> Row:
        return tuple(row)

    async def list20(self, job: Job) -> list[asyncpg.Record]:
        return await self._pool.fetch(LIST, UUID(job.user))

    async def point(self, job: Job) -> asyncpg.Record | None:
        return await self._pool.fetchrow(POINT, UUID(job.user), UUID(job.id))

    async def insert1(self, job: Job) -> asyncpg.Record | None:
        return await self._pool.fetchrow(INSERT, uuid4(), UUID(job.user), job.title)

    async def update1(self, job: Job) -> asyncpg.Record | None:
        return await self._pool.fetchrow(UPDATE, UUID(job.user), UUID(job.id), job.title)

    async def batch3(self, job: Job) -> tuple[list[asyncpg.Record], asyncpg.Record | None, int]:
        user = UUID(job.user)
        async with self._pool.acquire() as connection, connection.transaction():
            tasks = await connection.fetch(LIST, user)
            task = await connection.fetchrow(POINT, user, UUID(job.id))
            return tasks, task, await connection.fetchval(COUNT, user)

    async def slow(self, job: Job) -> object:
        if next(self._calls) % SLOW_EVERY == SLOW_EVERY - 1:
            await self._pool.fetchval("SELECT pg_sleep(0.2)")
            return UNTIMED
        return await self.list20(job)

    async def insert10000(self, job: Job) -> None:
        async with self._pool.acquire() as connection:
            await connection.copy_records_to_table("tasks", records=records(UUID(job.user)), columns=INSERTED)


PEER = AsyncpgPool
