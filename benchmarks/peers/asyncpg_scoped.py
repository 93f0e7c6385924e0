"""asyncpg, scoped by hand: a transaction that begins with the caller's role and claims, transaction-local.

https://magicstack.github.io/asyncpg/current/usage.html#transactions and PostgreSQL's ``set_config(..., true)``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import asyncpg

from benchmarks.peers.asyncpg_bare import COUNT, INSERT, LIST, POINT, UPDATE, records
from benchmarks.peers.asyncpg_pool import AsyncpgPool
from benchmarks.workload import Job

SCOPE = "SELECT set_config('role', 'authenticated', true), set_config('request.jwt.claims', $1, true)"
BULK = "INSERT INTO tasks (id, user_id, title, status, priority, starred) VALUES ($1, $2, $3, $4, $5, $6)"


class AsyncpgScoped(AsyncpgPool):
    """COPY is refused under row level security, so many rows are inserted with ``executemany``."""

    title = "asyncpg, scoped by hand"
    scoped = True

    @asynccontextmanager
    async def _scope(self, job: Job) -> AsyncIterator[asyncpg.pool.PoolConnectionProxy]:
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(SCOPE, job.claims)
            yield connection

    async def list20(self, job: Job) -> list[asyncpg.Record]:
        async with self._scope(job) as connection:
            return await connection.fetch(LIST, UUID(job.user))

    async def point(self, job: Job) -> asyncpg.Record | None:
        async with self._scope(job) as connection:
            return await connection.fetchrow(POINT, UUID(job.user), UUID(job.id))

    async def insert1(self, job: Job) -> asyncpg.Record | None:
        async with self._scope(job) as connection:
            return await connection.fetchrow(INSERT, uuid4(), UUID(job.user), job.title)

    async def update1(self, job: Job) -> asyncpg.Record | None:
        async with self._scope(job) as connection:
            return await connection.fetchrow(UPDATE, UUID(job.user), UUID(job.id), job.title)

    async def batch3(self, job: Job) -> tuple[list[asyncpg.Record], asyncpg.Record | None, int]:
        user = UUID(job.user)
        async with self._scope(job) as connection:
            tasks = await connection.fetch(LIST, user)
            task = await connection.fetchrow(POINT, user, UUID(job.id))
            return tasks, task, await connection.fetchval(COUNT, user)

    async def insert10000(self, job: Job) -> None:
        async with self._scope(job) as connection:
            await connection.executemany(BULK, records(UUID(job.user)))


PEER = AsyncpgScoped
