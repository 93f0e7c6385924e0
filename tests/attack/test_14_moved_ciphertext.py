"""Threat: whoever writes to the database moves a sealed value to where they may read it, or where it says something else.

A superuser of PostgreSQL moves it, and each test changes one thing about where it lies and nothing else. The control is
the same value, which opens in its own place, before and after.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

import pytest
from sqlalchemy import select

from examples.coding_agents.models import Account, Connector, Key, User
from freehold import Database, set_
from freehold.encryption import RingKey, Sealed, TextKeys
from freehold.errors import Code, SealError
from freehold.models import table_of
from freehold.wire import PoolSize
from tests.attack.platform import ALICE, BOB, Platform, owner_of

KEYS: Final = TextKeys(RingKey.new("attack").text)


@dataclass(frozen=True)
class Place:
    """A sealed column of one row."""

    model: type[Any]
    column: str
    user: str
    row: str

    @property
    def row_of(self) -> str:
        """The condition for the row."""
        table = table_of(self.model)
        return f"{owner_of(table)} = '{self.user}' AND id = '{self.row}'"

    @property
    def table(self) -> str:
        """The name of the table."""
        return f"public.{table_of(self.model).name}"

    async def revealed(self, db: Database) -> object:
        """The value, as its owner reads it."""
        row = await db.as_user(self.user).one(select(self.model).where(self.model.id == self.row))
        return getattr(row, self.column).reveal()


TOKEN: Final = Place(User, "access_token", ALICE, ALICE)
VALUE: Final = Place(Key, "value", ALICE, "same")
SECRET: Final = Place(Connector, "oauth_client_secret", ALICE, "one")
MOVES: Final = {
    "row": (SECRET, Place(Connector, "oauth_client_secret", ALICE, "two")),
    "user": (VALUE, Place(Key, "value", BOB, "same")),
    "table": (TOKEN, Place(Account, "access_token", ALICE, ALICE)),
    "column": (TOKEN, Place(User, "refresh_token", ALICE, ALICE)),
}
"""What differs, and from where to where."""


@pytest.fixture
async def db(platform: Platform) -> AsyncIterator[Database]:
    """The platform with a key ring, and a sealed value in every place of `MOVES`."""
    platform.superuser.execute("DELETE FROM public.user_keys; DELETE FROM public.keys")
    platform.superuser.execute(f"UPDATE public.accounts SET id = '{ALICE}' WHERE user_id = '{ALICE}'")
    urls = platform.endpoints
    size = PoolSize(largest=2, shared=1, patience=5.0)
    async with Database(urls.login, service_dsn=urls.service, keys=KEYS, size=size) as database:
        service = database.as_service(reason="sign-in", owner=ALICE)
        tokens = [set_(User.access_token, Sealed("token")), set_(User.refresh_token, Sealed("again"))]
        await service.update(User, User.id == ALICE, *tokens)
        await service.update(Account, Account.id == ALICE, set_(Account.access_token, Sealed("linked")))
        for user in (ALICE, BOB):
            key = Key(provider="openai", value=Sealed(f"key of {user}"))
            key.id = "same"
            await database.as_user(user).insert(key)
        for name in ("one", "two"):
            row = Connector(name=name, oauth_client_secret=Sealed(f"secret {name}"))
            row.id = name
            await database.as_user(ALICE).insert(row)
        yield database


def move(platform: Platform, origin: Place, target: Place) -> None:
    """Copies the ciphertext, as only somebody who writes to the tables can."""
    taken = f"SELECT {origin.column} FROM {origin.table} WHERE {origin.row_of}"
    done = platform.superuser.execute(
        f"UPDATE {target.table} SET {target.column} = ({taken}) WHERE {target.row_of}".encode()
    )
    assert done.rowcount == 1


@pytest.mark.parametrize("what", MOVES)
async def test_a_moved_value_does_not_open(db: Database, platform: Platform, what: str) -> None:
    """In another row, user's row, table or column it is an error, not somebody's secret; where it belongs it opens."""
    origin, target = MOVES[what]
    mine, theirs = await origin.revealed(db), await target.revealed(db)
    assert mine != theirs
    move(platform, origin, target)
    with pytest.raises(SealError) as caught:
        await target.revealed(db)
    assert caught.value.code is Code.SEAL_BROKEN
    assert str(mine) not in str(caught.value)
    assert await origin.revealed(db) == mine


async def test_the_key_cannot_be_moved_along(db: Database, platform: Platform) -> None:
    """Alice's wrapped data key as Bob's does not unwrap, so that her values do not open for him with it."""
    _, theirs = MOVES["user"]
    move(platform, VALUE, theirs)
    platform.superuser.execute(
        "UPDATE public.user_keys SET wrapped_key = (SELECT wrapped_key FROM public.user_keys WHERE user_id = %s)"
        " WHERE user_id = %s",
        (ALICE, BOB),
    )
    async with Database(platform.endpoints.login, keys=KEYS) as fresh:  # nothing of Bob's is kept in memory
        with pytest.raises(SealError) as caught:
            await theirs.revealed(fresh)
        assert caught.value.code is Code.SEAL_KEY_UNKNOWN
        assert await VALUE.revealed(fresh) == f"key of {ALICE}"


async def test_control(db: Database, platform: Platform) -> None:
    """It is the place that is refused, not a value that was touched: taken there and back, it opens again."""
    origin, target = MOVES["row"]
    mine = await origin.revealed(db)
    move(platform, origin, target)
    platform.superuser.execute(f"UPDATE {origin.table} SET {origin.column} = NULL WHERE {origin.row_of}".encode())
    move(platform, target, origin)
    assert await origin.revealed(db) == mine
