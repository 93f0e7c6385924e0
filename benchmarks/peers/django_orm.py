"""Django's ORM, scoped by hand: ``transaction.atomic()``, which begins with the caller's role and claims.

Synchronous, in threads, as its own handlers run it; with its connection pool, so that threads share connections.
https://docs.djangoproject.com/en/5.2/topics/db/transactions/ and ref/databases/#postgresql-pool
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar
from uuid import UUID, uuid4

import django
from django.conf import settings
from django.db import close_old_connections, transaction
from django.db import connections as databases

settings.configure(INSTALLED_APPS=[], USE_TZ=True, DATABASES={})
django.setup()

from django.db import models  # noqa: E402 - settings come first
from django.db.models.functions import Now  # noqa: E402

from benchmarks.login import Where  # noqa: E402
from benchmarks.peer import Peer, titles  # noqa: E402
from benchmarks.workload import LISTED, Job  # noqa: E402

SCOPE = "SELECT set_config('role', 'authenticated', true), set_config('request.jwt.claims', %s, true)"


class Task(models.Model):
    """The table in Django's words."""

    id = models.UUIDField(primary_key=True, default=uuid4)
    user_id = models.UUIDField()
    title = models.TextField()
    status = models.TextField(db_default="pending")
    priority = models.IntegerField(db_default=0)
    starred = models.BooleanField(db_default=False)
    notes = models.TextField(null=True)  # noqa: DJ001 - NULL in the table
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        app_label = "benchmarks"
        db_table = "tasks"
        managed = False

    def __str__(self) -> str:
        return str(self.title)


class DjangoOrm(Peer):
    """Each call is a request: at its end the connection goes back to the pool. An update gives no row back."""

    title = "Django ORM (psycopg), scoped by hand"
    packages = ("django", "psycopg", "psycopg-pool")
    threads: ClassVar[bool] = True

    async def open(self, where: Where, connections: int) -> None:
        self._alias = f"database{len(databases.databases)}"
        known = databases.configure_settings({"default": {}, self._alias: _settings(where, connections)})
        databases.databases.update(known)
        self._tasks = Task.objects.using(self._alias)

    async def close(self) -> None:
        databases[self._alias].close_pool()

    @contextmanager
    def _scope(self, job: Job) -> Iterator[None]:
        try:
            with transaction.atomic(using=self._alias), databases[self._alias].cursor() as cursor:
                cursor.execute(SCOPE, [job.claims])
                yield
        finally:
            close_old_connections()

    def list20(self, job: Job) -> list[Task]:
        with self._scope(job):
            return list(self._tasks.filter(user_id=UUID(job.user)).order_by("-id")[:LISTED])

    def point(self, job: Job) -> Task:
        with self._scope(job):
            return self._tasks.get(user_id=UUID(job.user), id=UUID(job.id))

    def insert1(self, job: Job) -> Task:
        with self._scope(job):
            return self._tasks.create(user_id=UUID(job.user), title=job.title)

    def update1(self, job: Job) -> int:
        with self._scope(job):
            return self._tasks.filter(user_id=UUID(job.user), id=UUID(job.id)).update(title=job.title)

    def batch3(self, job: Job) -> tuple[list[Task], Task, int]:
        with self._scope(job):
            mine = self._tasks.filter(user_id=UUID(job.user))
            return list(mine.order_by("-id")[:LISTED]), mine.get(id=UUID(job.id)), mine.count()

    def insert10000(self, job: Job) -> None:
        user = UUID(job.user)
        with self._scope(job):
            self._tasks.bulk_create([Task(user_id=user, title=title) for title in titles()])


def _settings(where: Where, size: int) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": where.database,
        "USER": where.user,
        "PASSWORD": where.password,
        "HOST": where.host,
        "OPTIONS": {"pool": {"min_size": size, "max_size": size, "timeout": 30}},
    }


PEER = DjangoOrm
