"""Sealed columns in SQLAlchemy sessions: sealed when flushed, placed when loaded."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, select, update

from freehold import Sealed, ServiceScope, UserScope
from freehold.errors import Code, StatementError
from freehold.server import Endpoints
from freehold.wire import Connection
from tests.integration.sealing.conftest import ALICE, BOB, database
from tests.integration.sealing.models import Connector, Key


async def test_flush_and_load(alice: UserScope, admin: Connection, endpoints: Endpoints) -> None:
    """New rows, changed values, and rows loaded in a process that has no key yet."""
    async with alice.session() as session:
        session.add(Key(provider="a", value=Sealed("one")))
        session.add_all([Connector(env=Sealed({"A": "b"})), Connector()])
        await session.commit()
    async with database(endpoints) as other, other.as_user(ALICE).session() as session:
        row = (await session.scalars(select(Key))).one()
        assert row.value.reveal() == "one"
        row.value = Sealed("two")
        await session.commit()
        await session.refresh(row)
        assert row.value.reveal() == "two"
        row.note = "changed"
        await session.commit()
    found = await alice.all(select(Key).where(await alice.matching(Key.value, "two")))
    assert [(row.value.reveal(), row.note) for row in found] == [("two", "changed")]
    assert admin.execute("select bool_and(value like 'fh1.%') from public.keys").fetchone() == (True,)


async def test_statements_in_a_session(alice: UserScope) -> None:
    """Statements are sealed by the same rules as a scope's; a value apart from its row is refused."""
    async with alice.session() as session:
        await session.execute(insert(Key).values(provider="a", user_id=ALICE, value=Sealed("one")))
        row = (await session.scalars(select(Key))).one()
        assert row.value.reveal() == "one"
        await session.execute(update(Key).where(Key.id == row.id).values(value=Sealed("two")))
        await session.refresh(row)
        assert row.value.reveal() == "two"
        bare = (await session.scalars(select(Key.value))).one()
        with pytest.raises(StatementError) as error:
            bare.reveal()
        assert error.value.code is Code.SEALED_UNPLACED
        with pytest.raises(StatementError) as error:
            await session.execute(insert(Key), [{"provider": "b", "user_id": ALICE, "value": Sealed("x")}])
        assert error.value.code is Code.SEALED_UNPLACED


async def test_plain_values_are_refused(alice: UserScope) -> None:
    """A plain text never reaches the database through a flush."""
    async with alice.session() as session:
        session.add(Key(provider="a", value="plain"))  # type: ignore[arg-type]
        with pytest.raises(StatementError) as error:
            await session.commit()
    assert error.value.code is Code.SEALED_PLAIN


async def test_a_moved_row(service: ServiceScope, alice: UserScope, bob: UserScope) -> None:
    """A row that gets another owner in a session is sealed for the new one."""
    await alice.insert(Key(provider="a", value=Sealed("moves")))
    async with service.session() as session:
        row = (await session.scalars(select(Key))).one()
        await service.reveal(row.value)
        row.user_id = BOB
        await session.commit()
    assert (await bob.one(select(Key))).value.reveal() == "moves"
