"""Sealed columns through everything a scope can do: what is stored is ciphertext, what is revealed is the value."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import func, insert, select, union_all, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import aliased

from freehold import Database, Sealed, ServiceScope, UserScope, query, set_
from freehold.errors import Code, FreeholdError, SealError, StatementError
from freehold.server import Endpoints
from freehold.wire import Connection
from tests.integration.sealing.conftest import ALICE, BOB, database
from tests.integration.sealing.models import Config, Connector, Key, Person, Shared


@query
def keys_of(provider: str):  # type: ignore[no-untyped-def]
    return select(Key).where(Key.provider == provider)


def stored(admin: Connection, column: str = "value", table: str = "keys") -> list[str]:
    """What the table holds."""
    return [row[0] for row in admin.execute(f"select {column} from public.{table} order by id".encode())]


async def test_insert_and_every_read(alice: UserScope, admin: Connection, endpoints: Endpoints) -> None:
    """A value comes back by every way of reading, in a process that has not seen its key before."""
    made = await alice.insert(Key(provider="openai", value=Sealed("sk-one")))
    assert made.value.reveal() == "sk-one"
    assert stored(admin)[0].startswith("fh1.u1.")
    async with database(endpoints) as other:
        again = other.as_user(ALICE)
        assert (await again.one(select(Key))).value.reveal() == "sk-one"
    async with database(endpoints) as other:
        again = other.as_user(ALICE)
        assert (await again.one(select(Key.value))).reveal() == "sk-one"
        another = aliased(Key)
        assert (await again.one(select(another.provider, another.value)))[1].reveal() == "sk-one"
        assert (await again.get(Key, made.id)).value.reveal() == "sk-one"
        assert (await again.one(keys_of("openai"))).value.reveal() == "sk-one"
        (found,), (value,) = await again.batch(select(Key), select(Key.value))
        assert found.value.reveal() == value.reveal() == "sk-one"
        assert [row.value.reveal() async for row in again.stream(select(Key))] == ["sk-one"]
        async with again.transaction() as transaction:
            assert (await transaction.one(select(Key))).value.reveal() == "sk-one"


async def test_bulk_and_statements(alice: UserScope, admin: Connection) -> None:
    """Rows in bulk, as statements with one row or several, and in a batch are all sealed."""
    await alice.insert_all([Key(provider=f"p{number}", value=Sealed(f"v{number}")) for number in range(30)])
    await alice.all(insert(Key).values(provider="a", user_id=ALICE, value=Sealed("va")).returning(Key.id))
    await alice.all(
        insert(Key)
        .values([{"provider": each, "user_id": ALICE, "value": Sealed(f"v{each}")} for each in "bc"])
        .returning(Key.id)
    )
    (first,), _ = await alice.batch(
        insert(Key).values(provider="d", user_id=ALICE, value=Sealed("vd")).returning(Key),
        select(func.count()).select_from(Key),
    )
    assert first.value.reveal() == "vd"
    assert all(each.startswith("fh1.u1.") for each in stored(admin))
    found = await alice.all(select(Key))
    assert sorted(row.value.reveal()[1:] for row in found) == sorted(row.provider.removeprefix("p") for row in found)


async def test_updates(alice: UserScope, admin: Connection) -> None:
    """By key in one step, and by any condition, where each row is sealed for itself."""
    rows = await alice.insert_all([Key(provider=each, value=Sealed(each)) for each in ("a", "b")])
    (changed,) = await alice.update(Key, Key.id == rows[0].id, set_(Key.value, Sealed("new")))
    assert changed.value.reveal() == "new"
    found = await alice.update(Key, Key.provider.in_(["a", "b"]), set_(Key.value, Sealed("both")), set_(Key.note, "n"))
    assert [(row.value.reveal(), row.note) for row in found] == [("both", "n")] * 2
    assert len(set(stored(admin))) == 2
    await alice.all(update(Key).where(Key.id == rows[1].id).values(value=Sealed("core")).returning(Key.id))
    assert (await alice.get(Key, rows[1].id)).value.reveal() == "core"
    with pytest.raises(StatementError) as error:
        await alice.batch(update(Key).where(Key.provider == "a").values(value=Sealed("x")).returning(Key.id))
    assert error.value.code is Code.SEALED_UNPLACED
    assert await alice.update(Key, Key.provider == "missing", set_(Key.value, Sealed("x"))) == []


async def test_a_moved_row_is_sealed_again(service: ServiceScope, alice: UserScope, bob: UserScope) -> None:
    """A value that goes to another owner, or another row, opens there."""
    row = await alice.insert(Key(provider="a", value=Sealed("moves")))
    (moved,) = await service.update(Key, Key.id == row.id, set_(Key.user_id, BOB))
    assert moved.value.reveal() == "moves"
    mine = await bob.one(select(Key))
    assert mine.value.reveal() == "moves"
    copy = await bob.insert(Key(provider="b", value=mine.value))
    assert copy.value.reveal() == "moves"
    assert (await bob.get(Key, copy.id)).value.reveal() == "moves"


async def test_kinds(db: Database, service: ServiceScope, alice: UserScope, admin: Connection) -> None:
    """JSON, bytes, NULL, rows that are their own owner, and tables without owners."""
    connector = await alice.insert(Connector(env=Sealed({"A": "b"}), blob=Sealed(b"\0\xff")))
    assert connector.env is not None
    assert connector.env.reveal() == {"A": "b"}
    assert connector.blob is not None
    assert connector.blob.reveal() == b"\0\xff"
    assert connector.secret is None
    (cleared,) = await alice.update(Connector, Connector.id == connector.id, set_(Connector.env, None))
    assert cleared.env is None
    person = await alice.insert(Person(token=Sealed("t")))
    assert person.token.reveal() == "t"
    (person,) = await alice.update(Person, Person.token.is_not(None), set_(Person.token, Sealed("t2")))
    assert person.token.reveal() == "t2"
    config = await service.insert(Config(value=Sealed("c")))
    assert config.value.reveal() == "c"
    assert stored(admin, table="configs")[0].startswith("fh1.kr1.")


async def test_the_service_opens_what_it_meets(endpoints: Endpoints, alice: UserScope, bob: UserScope) -> None:
    """Rows of several owners come with the keys of all of them, also page by page, and for one owner."""
    for scope in (alice, bob):
        await scope.insert_all([Key(provider=f"p{number}", value=Sealed("x")) for number in range(5)])
    async with database(endpoints) as other:
        rows = await other.as_service(reason="test", all_users=True).all(select(Key))
        assert [row.value.reveal() for row in rows] == ["x"] * 10
    async with database(endpoints) as other:
        scope = other.as_service(reason="test", all_users=True)
        assert [row.value.reveal() async for row in scope.stream(select(Key), page=3)] == ["x"] * 10
    async with database(endpoints) as other:
        confined = other.as_service(reason="test", owner=ALICE)
        await confined.insert(Key(provider="new", value=Sealed("y")))
        assert len([row.value.reveal() for row in await confined.all(select(Key))]) == 6


async def test_what_another_shares_stays_shut(alice: UserScope, bob: UserScope) -> None:
    """A policy may show a row to others; its sealed value is still its owner's."""
    await alice.insert(Shared(value=Sealed("mine")))
    seen = await bob.one(select(Shared))
    with pytest.raises(SealError) as error:
        seen.value.reveal()
    assert error.value.code is Code.SEAL_KEY_UNKNOWN
    assert (await alice.one(select(Shared))).value.reveal() == "mine"


async def test_first_writers_agree(endpoints: Endpoints, admin: Connection) -> None:
    """Processes that write a user's first value at once use one data key."""
    databases = [database(endpoints) for _ in range(6)]
    try:
        await asyncio.gather(
            *(
                each.as_user(ALICE).insert(Key(provider=f"p{number}", value=Sealed("x")))
                for number, each in enumerate(databases)
            )
        )
        assert admin.execute("select count(*) from public.user_keys").fetchone() == (1,)
        for each in databases:
            assert [row.value.reveal() for row in await each.as_user(ALICE).all(select(Key))] == ["x"] * 6
    finally:
        for each in databases:
            await each.close()


async def test_a_rolled_back_first_write_keeps_its_key(alice: UserScope, endpoints: Endpoints) -> None:
    """A data key is committed before it is used: rolling back the row must not lose the key others rely on."""

    async def give_up() -> None:
        async with alice.transaction() as transaction:
            await transaction.insert(Key(provider="a", value=Sealed("x")))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await give_up()
    await alice.insert(Key(provider="a", value=Sealed("kept")))
    async with database(endpoints) as other:
        assert (await other.as_user(ALICE).one(select(Key))).value.reveal() == "kept"


async def test_blind_index(alice: UserScope, bob: UserScope) -> None:
    """Equality is found by the index, for one owner only."""
    for scope in (alice, bob):
        await scope.insert_all([Key(provider=each, value=Sealed(each)) for each in ("a", "b")])
    found = await alice.all(select(Key).where(await alice.matching(Key.value, "b")))
    assert [row.provider for row in found] == ["b"]
    await alice.update(Key, Key.provider == "b", set_(Key.value, Sealed("c")))
    assert await alice.all(select(Key).where(await alice.matching(Key.value, "b"))) == []
    mine = (await alice.all(select(Key.value_index).where(Key.provider == "a")))[0]  # type: ignore[attr-defined]
    theirs = (await bob.all(select(Key.value_index).where(Key.provider == "a")))[0]  # type: ignore[attr-defined]
    assert mine != theirs


@pytest.mark.parametrize(
    "make",
    [
        lambda: select(Key).where(Key.value == Sealed("x")),
        lambda: select(Key).where(Key.value.in_([Sealed("x")])),
        lambda: select(Key).where(Key.value.like("f%")),
        lambda: select(Key).order_by(Key.value.desc()),
    ],
)
def test_comparisons_are_refused(make) -> None:  # type: ignore[no-untyped-def]
    """Nothing but NULL compares with ciphertext."""
    with pytest.raises(StatementError) as error:
        make()
    assert error.value.code is Code.SEALED_COMPARED


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: insert(Key).values(provider="a", user_id=ALICE, value="plain"), Code.SEALED_PLAIN),
        (lambda: update(Key).where(Key.id == "1").values(value="plain"), Code.SEALED_PLAIN),
        (lambda: update(Key).where(Key.id == "1").values(value=Key.note), Code.SEALED_PLAIN),
        (lambda: select(func.max(Key.value)), Code.SEALED_UNPLACED),
        (lambda: union_all(select(Key.value), select(Key.value)), Code.SEALED_UNPLACED),
        (lambda: insert(Key).from_select(["id", "value"], select(Key.id, Key.value)), Code.SEALED_UNPLACED),
        (
            lambda: (stmt := upsert(Key).values(provider="a", user_id=ALICE, value=Sealed("x"))).on_conflict_do_update(
                index_elements=["user_id", "provider"], set_={"value": stmt.excluded.value}
            ),
            Code.SEALED_UNPLACED,
        ),
        (lambda: insert(Key).values(provider="a", user_id=ALICE, value=Sealed(3)), Code.VALUE_INVALID),
    ],
)
async def test_refused(alice: UserScope, admin: Connection, make, code: Code) -> None:  # type: ignore[no-untyped-def]
    """Plain values, and values whose row is not known, are refused before anything is sent."""
    with pytest.raises(FreeholdError) as error:
        await alice.all(make())
    assert error.value.code is code
    assert "plain" not in str(error.value).lower() or "plain value" in str(error.value)
    assert stored(admin) == []


async def test_moved_ciphertext_does_not_open(
    db: Database, alice: UserScope, bob: UserScope, admin: Connection
) -> None:
    """Ciphertext copied to another row, column, table or user fails, is counted, and gives no reason."""
    a, b = await alice.insert_all([Key(provider=each, value=Sealed(each)) for each in ("a", "b")])
    await bob.insert(Key(provider="a", value=Sealed("bob")))
    admin.execute(
        "update public.keys set value = (select value from public.keys where id = %s) where id = %s", (a.id, b.id)
    )
    admin.execute(
        "update public.keys set value = (select value from public.keys where id = %s) where user_id = %s", (a.id, BOB)
    )
    await alice.insert(Shared(value=Sealed("s")))
    admin.execute("update public.shared set value = (select value from public.keys where id = %s)", (a.id,))
    for value in (
        (await alice.get(Key, b.id)).value,
        (await bob.one(select(Key))).value,
        (await alice.one(select(Shared))).value,
    ):
        with pytest.raises(SealError) as error:
            value.reveal()
        assert error.value.code is Code.SEAL_BROKEN
    assert db.sealing.broken == 3
    assert (await alice.get(Key, a.id)).value.reveal() == "a"


async def test_without_a_ring(endpoints: Endpoints, alice: UserScope, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are read, their secrets stay shut, and nothing is written."""
    await alice.insert(Key(provider="a", value=Sealed("x")))
    monkeypatch.delenv("FREEHOLD_KEYS", raising=False)
    async with Database(endpoints.login) as other:
        scope = other.as_user(ALICE)
        row = await scope.one(select(Key))
        for attempt in (scope.insert(Key(provider="b", value=Sealed("y"))), scope.reveal(row.value)):
            with pytest.raises(FreeholdError) as error:
                await attempt
            assert error.value.code is Code.KEYS_MISSING
