"""How often the wire is asked for keys: with the read that needs them, and never again."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import insert, select

from freehold import Identity, Sealed, UserScope
from freehold.errors import Code, IdentityError
from freehold.server import Endpoints
from tests.integration.scope.conftest import wire
from tests.integration.scope.trace import Wire
from tests.integration.sealing.conftest import ALICE, database
from tests.integration.sealing.models import Key, Ledger

__all__ = ["wire"]


async def test_keys_travel_with_the_first_read(endpoints: Endpoints, wire: Wire) -> None:
    """A user's first read asks for the keys in its own round trip, later ones not at all; a first write asks before it."""
    async with database(endpoints) as db:
        scope = db.as_user(ALICE)
        await scope.all(select(Key.id))
        wire.messages()
        await scope.insert(Key(provider="a", value=Sealed("x")))
        assert wire.sent()["Sync"] == 4  # look for the keys, make the first, read it back, insert
        await scope.insert(Key(provider="b", value=Sealed("y")))
        assert wire.sent()["Sync"] == 1
    async with database(endpoints) as db:
        scope = db.as_user(ALICE)
        await scope.all(select(Key.id))
        for statements in (3, 2):  # the identity, the rows, and the first time the keys
            wire.messages()
            rows = await scope.all(select(Key))
            sent = wire.sent()
            assert (sent["Sync"], sent["Execute"]) == (1, statements)
            assert sorted(row.value.reveal() for row in rows) == ["x", "y"]
    async with database(endpoints) as db:
        scope = db.as_user(ALICE)
        await scope.all(select(Key.id))
        wire.messages()
        await scope.insert(Key(provider="c", value=Sealed("z")))
        assert wire.sent()["Sync"] == 2  # a process that has not seen the keys: look for them, insert


async def test_a_uuid_has_one_spelling(alice: UserScope, endpoints: Endpoints) -> None:
    """A key in other letters is the same row; a caller in other letters is refused, because the keys are not theirs."""
    id_ = UUID(int=0xABCDEF)
    values = {"id": str(id_).upper(), "user_id": ALICE.upper(), "value": Sealed("mine")}
    await alice.all(insert(Ledger).values(values).returning(Ledger.id))
    assert (await alice.get(Ledger, id_)).value.reveal() == "mine"
    async with database(endpoints) as db:
        with pytest.raises(IdentityError) as error:
            await db.as_user(ALICE.upper()).insert(Ledger(value=Sealed("x")))
        assert error.value.code is Code.IDENTITY_MALFORMED
        same = db.as_user(Identity.user(UUID(ALICE.upper())))
        await same.insert(Ledger(value=Sealed("also mine")))
        assert sorted(row.value.reveal() for row in await same.all(select(Ledger))) == ["also mine", "mine"]
