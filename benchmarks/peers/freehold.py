"""freehold: every verb runs as its user, in a transaction of its own, in one round trip, on shared connections."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, func, select

from benchmarks.login import Where
from benchmarks.model import Nap, Task
from benchmarks.peer import SLOW_EVERY, UNTIMED, Peer, titles
from benchmarks.workload import LISTED, Job
from freehold import Database, Identity, query, set_
from freehold.wire import PoolSize


@query
def newest() -> Select[Task]:
    return select(Task).order_by(Task.id.desc()).limit(LISTED)


@query
def one(task_id: UUID) -> Select[Task]:
    return select(Task).where(Task.id == task_id)


@query
def count() -> Select[int]:
    return select(func.count()).select_from(Task)


class Freehold(Peer):
    """Scopes are made for every call, as in a request; identities come from tokens that were verified before."""

    title = "freehold"
    packages = ("freehold", "sqlalchemy", "psycopg")

    def __init__(self) -> None:
        self._identities: dict[str, Identity] = {}
        self._calls = itertools.count()

    async def open(self, where: Where, connections: int) -> None:
        self._db = Database(where.url(), size=PoolSize(largest=connections + 1, shared=connections))
        await self._db.open()

    async def close(self) -> None:
        await self._db.close()

    def prepare(self, jobs: Sequence[Job]) -> None:
        self._identities |= {job.user: Identity.from_claims(json.loads(job.claims)) for job in jobs}

    async def list20(self, job: Job) -> list[Task]:
        return await self._db.as_user(self._identities[job.user]).all(newest())

    async def point(self, job: Job) -> Task:
        return await self._db.as_user(self._identities[job.user]).get(Task, UUID(job.id))

    async def insert1(self, job: Job) -> Task:
        return await self._db.as_user(self._identities[job.user]).insert(Task(title=job.title))

    async def update1(self, job: Job) -> Task:
        user = self._db.as_user(self._identities[job.user])
        (row,) = await user.update(Task, Task.id == UUID(job.id), set_(Task.title, job.title))
        return row

    async def batch3(self, job: Job) -> tuple[list[Task], Task, int]:
        user = self._db.as_user(self._identities[job.user])
        tasks, (task,), (rows,) = await user.batch(newest(), one(UUID(job.id)), count())
        return tasks, task, rows

    async def insert10000(self, job: Job) -> None:
        rows = [Task(title=title) for title in titles()]
        await self._db.as_user(self._identities[job.user]).insert_all(rows)

    async def slow(self, job: Job) -> object:
        if next(self._calls) % SLOW_EVERY == SLOW_EVERY - 1:
            await self._db.as_user(self._identities[job.user]).all(select(Nap))
            return UNTIMED
        return await self.list20(job)

    async def stream(self, job: Job) -> int:
        rows = 0
        async for _ in self._db.as_user(self._identities[job.user]).stream(select(Task)):
            rows += 1
        return rows


PEER = Freehold
