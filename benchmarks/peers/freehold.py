"""freehold: every verb runs as its user, in a transaction of its own, in one round trip, on shared connections."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

import freehold
from benchmarks.login import Where
from benchmarks.model import Task
from benchmarks.peer import Peer, titles
from benchmarks.workload import LISTED, Job
from freehold import Database, Identity, set_
from freehold.wire import PoolSize

_newest = select(Task).order_by(Task.id.desc()).limit(LISTED)
_count = select(func.count()).select_from(Task)
_decorator: Any = getattr(freehold, "query", None)


class Freehold(Peer):
    """Scopes are made for every call, as in a request; identities come from tokens that were verified before."""

    title = "freehold"
    packages = ("freehold", "sqlalchemy", "psycopg")
    note = (
        "" if _decorator else "there is no `@query` yet: the statements of `list20` and `batch3` are kept in a module"
    )

    def __init__(self) -> None:
        self._identities: dict[str, Identity] = {}

    async def open(self, where: Where, connections: int) -> None:
        self._db = Database(where.url(), size=PoolSize(largest=connections, shared=connections))
        await self._db.open()

    async def close(self) -> None:
        await self._db.close()

    def prepare(self, jobs: Sequence[Job]) -> None:
        self._identities |= {job.user: Identity.from_claims(json.loads(job.claims)) for job in jobs}

    async def list20(self, job: Job) -> list[Task]:
        return await self._db.as_user(self._identities[job.user]).all(_newest)

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
        one = select(Task).where(Task.id == UUID(job.id))
        tasks, (task,), (count,) = await user.batch(_newest, one, _count)
        return tasks, task, count

    async def insert10000(self, job: Job) -> None:
        rows = [Task(title=title) for title in titles()]
        await self._db.as_user(self._identities[job.user]).insert_all(rows)


PEER = Freehold
