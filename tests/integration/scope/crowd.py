"""Callers who do everything at once on a few connections, and look at every answer."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import deque

import pytest
from sqlalchemy import func, insert, literal, select

from freehold import Database, UserScope, set_
from freehold.errors import ConnectionLostError, DatabaseError, PoolTimeoutError
from tests.integration.scope.models import Note, Task

USERS = [f"user-{number:02}" for number in range(20)]


class WrongRowsError(AssertionError):
    """A caller was given what is not hers."""


class Crowd:
    """Callers who do everything at once on a few connections, and look at every answer."""

    def __init__(self, db: Database, seed: int, users: list[str] = USERS) -> None:
        self._random = random.Random(seed)
        self._users = users
        self._scopes = {user: db.as_user(user) for user in users}
        self.answers = self.errors = self.cancelled = self.lost = 0
        self.left = 0

    async def furnish(self) -> None:
        """Five tasks and a note for each user."""
        for user, scope in self._scopes.items():
            await scope.insert_all([Task(title=f"{user}/{number}") for number in range(5)])
            await scope.insert(Note(text=user))

    async def run(self, calls: int, *, lists_only: bool = False, losses: bool = False) -> None:
        """Runs ``calls`` verbs, shared out among the users; raises `WrongRowsError` at the first wrong row.

        ``losses``: connections may be lost meanwhile; what is lost is counted, and nothing else is forgiven.
        """
        verbs = [self._list]
        if not lists_only:
            verbs += [self._count, self._tuples, self._batch, self._empty, self._write]
            verbs += [self._broken, self._denied, self._cancelled, self._notice]
        plan = [(self._random.choice(self._users), self._random.choice(verbs)) for _ in range(calls)]
        turns = deque(plan)
        forgiven = (ConnectionLostError, PoolTimeoutError) if losses else ()

        async def work() -> None:
            while turns:
                user, verb = turns.popleft()
                self.left = len(turns)
                try:
                    await verb(user, self._scopes[user])
                except forgiven:
                    self.lost += 1
                    await asyncio.sleep(0.01)

        async with asyncio.TaskGroup() as group:
            for _ in range(len(self._users)):
                group.create_task(work())

    def _check(self, user: str, owners: list[str]) -> None:
        self.answers += 1
        if any(owner != user for owner in owners):
            raise WrongRowsError(f"{user} was given rows of {set(owners)}")

    async def _list(self, user: str, scope: UserScope) -> None:
        rows = await scope.all(select(Task).limit(20))
        self._check(user, [row.user_id for row in rows] + [row.title.split("/")[0] for row in rows] or ["nobody"])

    async def _tuples(self, user: str, scope: UserScope) -> None:
        rows = await scope.all(select(Task.user_id, Task.title).order_by(Task.title))
        self._check(user, [owner for owner, _ in rows] or ["nobody"])

    async def _count(self, user: str, scope: UserScope) -> None:
        named = await scope.one(select(literal(user), func.current_setting("request.jwt.claim.sub")))
        self._check(user, list(named))

    async def _batch(self, user: str, scope: UserScope) -> None:
        tasks, owners, notes = await scope.batch(select(Task).limit(3), select(Task.user_id), select(Note.user_id))
        self._check(user, [*(task.user_id for task in tasks), *owners, *notes])

    async def _empty(self, user: str, scope: UserScope) -> None:
        self._check(user, [row.user_id for row in await scope.all(select(Task).where(Task.title == "none"))])

    async def _write(self, user: str, scope: UserScope) -> None:
        changed = await scope.update(Task, Task.title == f"{user}/1", set_(Task.priority, self._random.randrange(9)))
        self._check(user, [row.user_id for row in changed])

    async def _broken(self, user: str, scope: UserScope) -> None:
        self.errors += 1
        with pytest.raises(DatabaseError):
            await scope.all(select(Task.priority / (Task.priority - Task.priority)))

    async def _denied(self, user: str, scope: UserScope) -> None:
        self.errors += 1
        other = self._random.choice([each for each in self._users if each != user])
        with pytest.raises(DatabaseError):
            await scope.all(insert(Note).values(user_id=other, text="stolen").returning(Note.id))

    async def _cancelled(self, user: str, scope: UserScope) -> None:
        self.cancelled += 1
        call = asyncio.create_task(scope.all(select(Task)))
        await asyncio.sleep(self._random.choice([0, 0, 0.001]))
        call.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            self._check(user, [row.user_id for row in await call])

    async def _notice(self, user: str, scope: UserScope) -> None:
        await scope.all(select(func.set_config("freehold.test", user, True)))
        rows = await scope.all(select(Task.user_id, func.pg_notify("gossip", user)))
        self._check(user, [owner for owner, _ in rows])
