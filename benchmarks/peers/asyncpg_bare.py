"""asyncpg on a bare connection, without row level security and without a transaction: the floor.

For many callers, as many bare connections are lent out without the reset that asyncpg's pool does.
"""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import asyncpg

from benchmarks.peer import Peer, titles
from benchmarks.server import Where
from benchmarks.workload import COLUMNS, LISTED, Job, Row

LIST = f"SELECT {', '.join(COLUMNS)} FROM tasks WHERE user_id = $1 ORDER BY id DESC LIMIT {LISTED}"
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
        self._free: asyncio.LifoQueue[asyncpg.Connection] = asyncio.LifoQueue()
        for connection in self._connections:
            self._free.put_nowait(connection)

    async def close(self) -> None:
        for connection in self._connections:
            await connection.close()

    def plain(self, row: asyncpg.Record) -> Row:
        return tuple(row)

    async def list20(self, job: Job) -> list[asyncpg.Record]:
        connection = await self._free.get()
        try:
            return await connection.fetch(LIST, UUID(job.user))
        finally:
            self._free.put_nowait(connection)

    async def point(self, job: Job) -> asyncpg.Record | None:
        connection = await self._free.get()
        try:
            return await connection.fetchrow(POINT, UUID(job.user), UUID(job.id))
        finally:
            self._free.put_nowait(connection)

    async def insert1(self, job: Job) -> asyncpg.Record | None:
        connection = await self._free.get()
        try:
            return await connection.fetchrow(INSERT, uuid4(), UUID(job.user), job.title)
        finally:
            self._free.put_nowait(connection)

    async def update1(self, job: Job) -> asyncpg.Record | None:
        connection = await self._free.get()
        try:
            return await connection.fetchrow(UPDATE, UUID(job.user), UUID(job.id), job.title)
        finally:
            self._free.put_nowait(connection)

    async def batch3(self, job: Job) -> tuple[list[asyncpg.Record], asyncpg.Record | None, int]:
        connection, user = await self._free.get(), UUID(job.user)
        try:
            async with connection.transaction():
                tasks = await connection.fetch(LIST, user)
                task = await connection.fetchrow(POINT, user, UUID(job.id))
                return tasks, task, await connection.fetchval(COUNT, user)
        finally:
            self._free.put_nowait(connection)

    async def insert10000(self, job: Job) -> None:
        connection = await self._free.get()
        try:
            await connection.copy_records_to_table("tasks", records=records(UUID(job.user)), columns=INSERTED)
        finally:
            self._free.put_nowait(connection)


PEER = AsyncpgBare
