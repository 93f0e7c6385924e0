"""SQLAlchemy's ORM on asyncpg, scoped by hand: an ``AsyncSession`` whose transaction begins with role and claims.

https://docs.sqlalchemy.org/en/21/orm/extensions/asyncio.html, bulk inserts as in orm/queryguide/dml.html.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import DateTime, Text, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from benchmarks.login import Where
from benchmarks.peer import Peer, titles
from benchmarks.workload import LISTED, Job

SCOPE = text("SELECT set_config('role', 'authenticated', true), set_config('request.jwt.claims', :claims, true)")


class Base(DeclarativeBase):
    """The base class of mapped classes."""


class Task(Base):
    """The table in SQLAlchemy's words."""

    __tablename__ = "tasks"
    __mapper_args__ = {"eager_defaults": True}  # noqa: RUF012 - as documented

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    title: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text, server_default="pending")
    priority: Mapped[int] = mapped_column(server_default="0")
    starred: Mapped[bool] = mapped_column(server_default="false")
    notes: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class SqlalchemyOrm(Peer):
    """Rows are mapped instances."""

    title = "SQLAlchemy ORM (asyncpg), scoped by hand"
    packages = ("sqlalchemy", "asyncpg", "greenlet")

    async def open(self, where: Where, connections: int) -> None:
        self._engine = create_async_engine(where.url("postgresql+asyncpg"), pool_size=connections, max_overflow=0)
        self._session = async_sessionmaker(self._engine, expire_on_commit=False)

    async def close(self) -> None:
        await self._engine.dispose()

    @asynccontextmanager
    async def _scope(self, job: Job) -> AsyncIterator[AsyncSession]:
        async with self._session() as session, session.begin():
            await session.execute(SCOPE, {"claims": job.claims})
            yield session

    async def list20(self, job: Job) -> list[Task]:
        mine = select(Task).where(Task.user_id == UUID(job.user))
        async with self._scope(job) as session:
            return list((await session.scalars(mine.order_by(Task.id.desc()).limit(LISTED))).all())

    async def point(self, job: Job) -> Task:
        async with self._scope(job) as session:
            return await session.get_one(Task, (UUID(job.user), UUID(job.id)))

    async def insert1(self, job: Job) -> Task:
        async with self._scope(job) as session:
            task = Task(user_id=UUID(job.user), title=job.title)
            session.add(task)
        return task

    async def update1(self, job: Job) -> Task:
        mine = update(Task).where(Task.user_id == UUID(job.user), Task.id == UUID(job.id))
        async with self._scope(job) as session:
            return (await session.scalars(mine.values(title=job.title).returning(Task))).one()

    async def batch3(self, job: Job) -> tuple[list[Task], Task, int]:
        user = Task.user_id == UUID(job.user)
        async with self._scope(job) as session:
            listed = await session.scalars(select(Task).where(user).order_by(Task.id.desc()).limit(LISTED))
            one = await session.scalars(select(Task).where(user, Task.id == UUID(job.id)))
            count = await session.scalar(select(func.count()).select_from(Task).where(user))
            return list(listed.all()), one.one(), count or 0

    async def insert10000(self, job: Job) -> None:
        user = UUID(job.user)
        async with self._scope(job) as session:
            await session.execute(insert(Task), [{"user_id": user, "title": title} for title in titles()])


PEER = SqlalchemyOrm
