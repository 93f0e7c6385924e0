"""FastAPI with SQLAlchemy's AsyncSession on asyncpg, scoped by hand in a dependency, as their documentations recommend.

https://fastapi.tiangolo.com/tutorial/sql-databases/, https://fastapi.tiangolo.com/tutorial/security/oauth2-jwt/
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from benchmarks.http import KEY, HttpPeer
from benchmarks.login import Where
from benchmarks.peers.sqlalchemy_orm import SCOPE, Task
from benchmarks.workload import LISTED


class TaskOut(BaseModel):
    """A task, for its owner."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    user_id: UUID
    title: str
    status: str
    priority: int
    starred: bool
    notes: str | None
    created_at: datetime
    updated_at: datetime


class Tasks(BaseModel):
    """A page of tasks."""

    tasks: list[TaskOut]


def create_app(where: Where, connections: int) -> FastAPI:
    """The application."""
    engine = create_async_engine(where.url("postgresql+asyncpg"), pool_size=connections, max_overflow=0)
    sessions = async_sessionmaker(engine, expire_on_commit=False)
    bearer, key = HTTPBearer(), OctKey.import_key(KEY)
    rules = jwt.JWTClaimsRegistry(leeway=30, sub={"essential": True}, exp={"essential": True})

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await engine.dispose()

    async def claims(credentials: Annotated[HTTPAuthorizationCredentials, Depends(bearer)]) -> dict[str, Any]:
        try:
            claims = jwt.decode(credentials.credentials, key, algorithms=["HS256"]).claims
            rules.validate(claims)
        except JoseError:
            raise HTTPException(401) from None
        return claims

    async def session(claims: Annotated[dict[str, Any], Depends(claims)]) -> AsyncIterator[AsyncSession]:
        async with sessions() as session, session.begin():
            await session.execute(SCOPE, {"claims": json.dumps(claims)})
            yield session

    app = FastAPI(lifespan=lifespan)

    @app.get("/tasks")
    async def list_tasks(
        claims: Annotated[dict[str, Any], Depends(claims)], session: Annotated[AsyncSession, Depends(session)]
    ) -> Tasks:
        mine = select(Task).where(Task.user_id == UUID(claims["sub"]))
        tasks = (await session.scalars(mine.order_by(Task.id.desc()).limit(LISTED))).all()
        return Tasks(tasks=[TaskOut.model_validate(task) for task in tasks])

    return app


class FastapiSqlalchemy(HttpPeer):
    """The usual stack behind uvicorn."""

    title = "FastAPI, SQLAlchemy AsyncSession (asyncpg), scoped by hand, uvicorn"
    packages = ("fastapi", "sqlalchemy", "asyncpg", "uvicorn", "pydantic")


PEER = FastapiSqlalchemy
