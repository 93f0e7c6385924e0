"""freehold over HTTP: an action that lists, with schemas derived from the model."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from pydantic import BaseModel

from benchmarks.http import KEY, HttpPeer
from benchmarks.login import Where
from benchmarks.model import Task
from benchmarks.peers.freehold import newest
from freehold import Database, UserContext, action
from freehold.actions import install, router
from freehold.auth import SESSION_COOKIE, DevelopmentSessions
from freehold.schemas import SelectSchema
from freehold.wire import PoolSize


class TaskOut(SelectSchema[Task]):
    """A task, for its owner."""


class Tasks(BaseModel):
    """A page of tasks."""

    tasks: list[TaskOut]


@action.read("tasks.list", path="/tasks", scope="tasks:read")
async def list_tasks(ctx: UserContext) -> Tasks:
    """The newest tasks."""
    return Tasks.model_construct(tasks=TaskOut.all_of(await ctx.scope.all(newest())))


def create_app(where: Where, connections: int) -> FastAPI:
    """The application."""
    db = Database(where.url(), size=PoolSize(largest=connections + 1, shared=connections))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with db:
            yield

    app = FastAPI(lifespan=lifespan)
    install(app, db=db, verify=DevelopmentSessions(KEY).verify, cookie=SESSION_COOKIE)
    app.include_router(router(list_tasks))
    return app


class FreeholdHttp(HttpPeer):
    """An action behind uvicorn."""

    title = "freehold: an action, uvicorn"
    packages = ("freehold", "fastapi", "uvicorn", "pydantic")


PEER = FreeholdHttp
