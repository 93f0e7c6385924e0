"""psycopg, scoped by hand in its pipeline mode: settings and statement without waiting in between.

https://www.psycopg.org/psycopg3/docs/advanced/pipeline.html; results are read after the
pipeline, and the end of the pool's block commits.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from benchmarks.peers.psycopg_scoped import INSERT, LIST, POINT, SCOPE, UPDATE, PsycopgScoped
from benchmarks.workload import Job


class PsycopgPipeline(PsycopgScoped):
    """Row for row what `PsycopgScoped` gives."""

    title = "psycopg, scoped by hand, pipeline mode"

    async def _send(self, job: Job, sql: str, values: list[Any]) -> list[Any]:
        async with self._pool.connection() as connection:
            async with connection.pipeline():
                await connection.execute(SCOPE, [job.claims])
                cursor = await connection.execute(sql, values)
            return await cursor.fetchall()

    async def list20(self, job: Job) -> list[Any]:
        return await self._send(job, LIST, [UUID(job.user)])

    async def point(self, job: Job) -> Any:
        return (await self._send(job, POINT, [UUID(job.user), UUID(job.id)]))[0]

    async def insert1(self, job: Job) -> Any:
        return (await self._send(job, INSERT, [uuid4(), UUID(job.user), job.title]))[0]

    async def update1(self, job: Job) -> Any:
        return (await self._send(job, UPDATE, [job.title, UUID(job.user), UUID(job.id)]))[0]

    def cases(self) -> list[str]:
        return ["list20", "point", "insert1", "update1"]


PEER = PsycopgPipeline
