"""What the demo begins with."""

from __future__ import annotations

import asyncio

from sqlalchemy import func, select

from examples.coding_agents.models import Account, ApiToken, Connector, Key, Setting, Task, TaskMessage, User
from examples.coding_agents.seed import PEOPLE, seed
from freehold.scope import Database
from freehold.wire import Connection

MODELS = (User, Account, Key, ApiToken, Connector, Setting, Task, TaskMessage)


async def _counts(db: Database) -> dict[str, int]:
    service = db.as_service(reason="count", all_users=True)
    return {each.__tablename__: await service.one(select(func.count()).select_from(each)) for each in MODELS}


async def test_everybody_has_something_in_every_table(db: Database, admin: Connection) -> None:
    """Three users; and again, also by two processes at once, changes nothing."""
    admin.execute("delete from public.users")
    await seed(db)
    once = await _counts(db)
    assert once["users"] == len(PEOPLE) == 3
    assert all(count >= 3 for count in once.values())
    admin.execute("delete from public.users where id = 'linus'")
    await asyncio.gather(seed(db), seed(db))
    await seed(db)
    assert await _counts(db) == once
    for person in PEOPLE:
        scope = db.as_user(person.id)
        assert len(await scope.all(select(Task))) == len(person.prompts)
        assert (await scope.one(select(User))).name == person.name
