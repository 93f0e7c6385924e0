"""asyncpg on a bare connection, without row level security and without a transaction: the floor.

For many callers, as many bare connections are lent out without the reset that asyncpg's pool does.
"""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import asyncpg

from benchmarks.login import Where
from benchmarks.peer import Peer, titles
from benchmarks.workload import COLUMNS, LISTED, Job, Row

LIST = f"SELECT {', '.join(COLUMNS)} FROM tasks WHERE user_id = $1 ORDER BY id DESC LIMIT {LISTED}"
ALL = f"SELECT {', '.join(COLUMNS)} FROM tasks WHERE user_id = $1"
POINT = f"SELECT {', '.join(COLUMNS)} FROM tasks WHERE user_id = $1 AND id = $2"
COUNT = "SELECT count(*) FROM tasks WHERE user_id = $1"
INSERT = f"INSERT INTO tasks (id, user_id, title) VALUES ($1, $2, $3) RETURNING {', '.join(COLUMNS)}"
UPDATE = f"UPDATE tasks SET title = $3 WHERE user_id = $1 AND id = $2 RETURNING {', '.join(COLUMNS)}"
INSERTED = ("id", "user_id", "title", "status", "priority", "starred")


def records(user: UUID) -> list[tuple[object, ...]]:
    """The rows of insert10000."""
    return [(uuid4(), user, title, "pending", 0, False) for title in titles()]


class AsyncpgBare(Peer):
    """``Connection.fetch`` and ``fetchrow``; rows are asyncpg's own records."""

    title = "asyncpg, bare connection, no RLS"
    packages = ("asyncpg",)
    scoped = False

    async def open(self, where: Where, connections: int) -> None:
        login = {"host": where.host, "user": where.user, "password": where.password, "database": where.database}
        self._connections = [await asyncpg.connect(**login) for _ in range(connections)]
        self._free = list(self._connections)
        self._turn = asyncio.Semaphore(connections)

    async def close(self) -> None:
        for connection in self._connections:
            await connection.close()

    def plain(self, row: asyncpg.Record) -> Row:
        return tuple(row)

    async def list20(self, job: Job) -> list[asyncpg.Record]:
        async with self._turn:
            connection = self._free.pop()
            try:
                return await connection.fetch(LIST, UUID(job.user))
            finally:
                self._free.append(connection)

    async def point(self, job: Job) -> asyncpg.Record | None:
        return await self._row(POINT, UUID(job.user), UUID(job.id))

    async def insert1(self, job: Job) -> asyncpg.Record | None:
        return await self._row(INSERT, uuid4(), UUID(job.user), job.title)

    async def update1(self, job: Job) -> asyncpg.Record | None:
        return await self._row(UPDATE, UUID(job.user), UUID(job.id), job.title)

    async def batch3(self, job: Job) -> tuple[list[asyncpg.Record], asyncpg.Record | None, int]:
        user = UUID(job.user)
        async with self._turn:
            connection = self._free.pop()
            try:
                async with connection.transaction():
                    tasks = await connection.fetch(LIST, user)
                    task = await connection.fetchrow(POINT, user, UUID(job.id))
                    return tasks, task, await connection.fetchval(COUNT, user)
            finally:
                self._free.append(connection)

    async def insert10000(self, job: Job) -> None:
        rows = records(UUID(job.user))
        await self._connections[0].copy_records_to_table("tasks", records=rows, columns=INSERTED)

    async def stream(self, job: Job) -> int:
        rows = 0
        async with self._connections[0].transaction():
            async for _ in self._connections[0].cursor(ALL, UUID(job.user), prefetch=1000):
                rows += 1
        return rows

    async def _row(self, sql: str, *values: object) -> asyncpg.Record | None:
        async with self._turn:
            connection = self._free.pop()
            try:
                return await connection.fetchrow(sql, *values)
            finally:
                self._free.append(connection)


PEER = AsyncpgBare
