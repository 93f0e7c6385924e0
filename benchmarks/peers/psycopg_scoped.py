"""psycopg, scoped by hand: a connection of its pool is a transaction, which begins with the caller's role and claims.

https://www.psycopg.org/psycopg3/docs/advanced/pool.html, and for the batch advanced/pipeline.html.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from benchmarks.login import Where
from benchmarks.peer import Peer
from benchmarks.peers.asyncpg_bare import records
from benchmarks.workload import COLUMNS, LISTED, Job, Row

SCOPE = "SELECT set_config('role', 'authenticated', true), set_config('request.jwt.claims', %s, true)"
LIST = f"SELECT {', '.join(COLUMNS)} FROM tasks WHERE user_id = %s ORDER BY id DESC LIMIT {LISTED}"
ALL = f"SELECT {', '.join(COLUMNS)} FROM tasks WHERE user_id = %s"
POINT = f"SELECT {', '.join(COLUMNS)} FROM tasks WHERE user_id = %s AND id = %s"
COUNT = "SELECT count(*) FROM tasks WHERE user_id = %s"
INSERT = f"INSERT INTO tasks (id, user_id, title) VALUES (%s, %s, %s) RETURNING {', '.join(COLUMNS)}"
UPDATE = f"UPDATE tasks SET title = %s WHERE user_id = %s AND id = %s RETURNING {', '.join(COLUMNS)}"
BULK = "INSERT INTO tasks (id, user_id, title, status, priority, starred) VALUES (%s, %s, %s, %s, %s, %s)"


class PsycopgScoped(Peer):
    """``pool.connection()`` commits at the end of its block."""

    title = "psycopg, scoped by hand"
    packages = ("psycopg", "psycopg-pool")

    async def open(self, where: Where, connections: int) -> None:
        self._pool = AsyncConnectionPool(where.url(), min_size=connections, max_size=connections, open=False)
        await self._pool.open(wait=True)

    async def close(self) -> None:
        await self._pool.close()

    def plain(self, row: Any) -> Row:
        return tuple(row)

    @asynccontextmanager
    async def _scope(self, job: Job) -> AsyncIterator[AsyncConnection]:
        async with self._pool.connection() as connection:
            await connection.execute(SCOPE, [job.claims])
            yield connection

    async def list20(self, job: Job) -> list[Any]:
        async with self._scope(job) as connection:
            cursor = await connection.execute(LIST, [UUID(job.user)])
            return await cursor.fetchall()

    async def point(self, job: Job) -> Any:
        async with self._scope(job) as connection:
            cursor = await connection.execute(POINT, [UUID(job.user), UUID(job.id)])
            return await cursor.fetchone()

    async def insert1(self, job: Job) -> Any:
        async with self._scope(job) as connection:
            cursor = await connection.execute(INSERT, [uuid4(), UUID(job.user), job.title])
            return await cursor.fetchone()

    async def update1(self, job: Job) -> Any:
        async with self._scope(job) as connection:
            cursor = await connection.execute(UPDATE, [job.title, UUID(job.user), UUID(job.id)])
            return await cursor.fetchone()

    async def batch3(self, job: Job) -> tuple[list[Any], Any, int]:
        user = UUID(job.user)
        async with self._pool.connection() as connection:
            async with connection.pipeline():
                await connection.execute(SCOPE, [job.claims])
                tasks = await connection.execute(LIST, [user])
                task = await connection.execute(POINT, [user, UUID(job.id)])
                count = await connection.execute(COUNT, [user])
            found: Any = await count.fetchone()
            return await tasks.fetchall(), await task.fetchone(), found[0]

    async def insert10000(self, job: Job) -> None:
        async with self._scope(job) as connection, connection.cursor() as cursor:
            await cursor.executemany(BULK, records(UUID(job.user)))

    async def stream(self, job: Job) -> int:
        rows = 0
        async with self._scope(job) as connection, connection.cursor("tasks") as cursor:
            cursor.itersize = 1000
            await cursor.execute(ALL, [UUID(job.user)])
            async for _ in cursor:
                rows += 1
        return rows


PEER = PsycopgScoped
