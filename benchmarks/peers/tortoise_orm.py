"""Tortoise ORM on asyncpg, scoped by hand: ``in_transaction()``, which begins with the caller's role and claims.

https://tortoise.github.io/transactions.html
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

from tortoise import Tortoise, fields
from tortoise.models import Model
from tortoise.transactions import in_transaction

from benchmarks.login import Where
from benchmarks.peer import Peer, titles
from benchmarks.workload import LISTED, Job

SCOPE = "SELECT set_config('role', 'authenticated', true), set_config('request.jwt.claims', $1, true)"


class Task(Model):
    """The table in Tortoise's words."""

    id = fields.UUIDField(primary_key=True, default=uuid4)
    user_id = fields.UUIDField()
    title = fields.TextField()
    status = fields.TextField(default="pending")
    priority = fields.IntField(default=0)
    starred = fields.BooleanField(default=False)
    notes = fields.TextField(null=True)
    created_at = fields.DatetimeField(auto_now_add=True)
    updated_at = fields.DatetimeField(auto_now=True)

    class Meta:
        table = "tasks"


class TortoiseOrm(Peer):
    """An update gives no row back."""

    title = "Tortoise ORM (asyncpg), scoped by hand"
    packages = ("tortoise-orm", "asyncpg")

    async def open(self, where: Where, connections: int) -> None:
        credentials = {
            "host": where.host,
            "port": where.port,
            "user": where.user,
            "password": where.password,
            "database": where.database,
            "minsize": connections,
            "maxsize": connections,
        }
        connection = {"engine": "tortoise.backends.asyncpg", "credentials": credentials}
        app = {"models": [__name__], "default_connection": "default"}
        await Tortoise.init(
            config={"connections": {"default": connection}, "apps": {"benchmarks": app}, "use_tz": True}
        )

    async def close(self) -> None:
        await Tortoise.close_connections()

    @asynccontextmanager
    async def _scope(self, job: Job) -> AsyncIterator[Any]:
        async with in_transaction() as connection:
            await connection.execute_query(SCOPE, [job.claims])
            yield connection

    async def list20(self, job: Job) -> list[Task]:
        async with self._scope(job) as connection:
            return await Task.filter(user_id=UUID(job.user)).order_by("-id").limit(LISTED).using_db(connection)

    async def point(self, job: Job) -> Task:
        async with self._scope(job) as connection:
            return await Task.get(user_id=UUID(job.user), id=UUID(job.id), using_db=connection)

    async def insert1(self, job: Job) -> Task:
        async with self._scope(job) as connection:
            return await Task.create(user_id=UUID(job.user), title=job.title, using_db=connection)

    async def update1(self, job: Job) -> int:
        async with self._scope(job) as connection:
            mine = Task.filter(user_id=UUID(job.user), id=UUID(job.id)).using_db(connection)
            return await mine.update(title=job.title)

    async def batch3(self, job: Job) -> tuple[list[Task], Task, int]:
        async with self._scope(job) as connection:
            mine = Task.filter(user_id=UUID(job.user)).using_db(connection)
            return await mine.order_by("-id").limit(LISTED), await mine.get(id=UUID(job.id)), await mine.count()

    async def insert10000(self, job: Job) -> None:
        user = UUID(job.user)
        async with self._scope(job) as connection:
            await Task.bulk_create([Task(user_id=user, title=title) for title in titles()], using_db=connection)


PEER = TortoiseOrm
