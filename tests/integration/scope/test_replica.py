"""Reads on a real streaming standby: never older than the caller's own writes, and never lost with the standby."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import select

from freehold import Col, Database, Model, Sealed, owner, primary_key, schema, sealed
from freehold.encryption import RingKey, TextKeys, kid_of
from freehold.keys import KeySession, rotate_user, sealed_columns
from freehold.models import schema_statements
from freehold.server import EmbeddedServer, bootstrap, create_database
from freehold.wire import Connection, PoolSize, connect
from tests.integration.conftest import ALICE, BOB
from tests.integration.scope.models import Base, Note
from tests.integration.scope.standby import standby_of

APP, LOGINS = "fhr", ("fhr", "fhr_service", "fhr_owner")
KEYS = TextKeys(RingKey.new("a").text)
pytestmark = pytest.mark.slow


class Secrets(Model):
    """Tables of their own, beside those of other tests."""

    __abstract__ = True
    metadata = schema()


class Secret(Secrets):
    """A row with a sealed column."""

    __tablename__ = "secrets"

    id: Col[str] = primary_key()
    user_id: Col[str] = owner()
    value: Col[Sealed[str]] = sealed()


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[EmbeddedServer, Path]]:
    """A primary with the tables, and the socket of its standby."""
    with EmbeddedServer.start(tmp_path_factory.mktemp("primary"), durable=False) as primary:
        with connect(primary.admin_dsn()) as admin:
            create_database(admin, APP)
        with connect(primary.admin_dsn(APP)) as admin:
            bootstrap(admin, APP, {role: primary.password(role) for role in LOGINS})
        with connect(primary.dsn("fhr_owner", APP)) as owner:
            for statement in (*schema_statements(Base.metadata), *schema_statements(Secrets.metadata)):
                owner.execute(statement.encode())
        with standby_of(primary) as socket:
            yield primary, socket


@pytest.fixture
def standby(pair: tuple[EmbeddedServer, Path]) -> Iterator[Connection]:
    """A superuser on the standby, to stop and go on replaying."""
    with connect(make_conninfo(pair[0].admin_dsn(APP), host=str(pair[1]))) as connection:
        yield connection
        connection.execute("select pg_wal_replay_resume()")


@pytest.fixture
async def db(pair: tuple[EmbeddedServer, Path]) -> AsyncIterator[Database]:
    """The database with its replica."""
    async with _opened(pair) as database:
        yield database


def _opened(pair: tuple[EmbeddedServer, Path]) -> Database:
    """The database with its replica, as a process of its own has it."""
    login = pair[0].dsn("fhr", APP)
    size = PoolSize(largest=4, shared=2, patience=5.0)
    return Database(login, replica_dsn=make_conninfo(login, host=str(pair[1])), size=size, keys=KEYS)


def _reads(db: Database) -> int:
    metrics = db.metrics().replica
    return 0 if metrics is None else metrics.shared


def _replay(standby: Connection, secret: str) -> None:
    """Waits for the standby to have a row."""
    for _ in range(2000):
        if standby.execute("select 1 from public.secrets where id = %s", [secret]).fetchone():
            return
        time.sleep(0.01)
    raise AssertionError("the standby does not replay")


async def test_a_caller_reads_what_she_wrote(db: Database) -> None:
    """Each read follows a write at once; the standby answers, with the write in it."""
    alice = db.as_user(ALICE)
    for number in range(20):
        note = await alice.insert(Note(text=str(number)))
        assert (await alice.reading().get(Note, note.id)).text == str(number)
    assert _reads(db) > 0
    async with alice.transaction() as tx:
        note = await tx.insert(Note(text="in a transaction"))
    assert (await alice.reading().get(Note, note.id)).id == note.id
    async with alice.session() as session:
        written = Note(text="in a session")
        written.user_id = ALICE
        session.add(written)
        await session.commit()
    assert (await alice.reading().get(Note, written.id)).id == written.id


async def test_a_standby_that_lags_is_passed_over(db: Database, standby: Connection) -> None:
    """With replay paused, her own write comes from the primary; another caller may still read the older state."""
    alice, bob = db.as_user(ALICE), db.as_user(BOB)
    await alice.insert(Note(text="before"))
    assert len(await alice.reading().all(select(Note))) >= 1
    standby.execute("select pg_wal_replay_pause()")
    note = await alice.insert(Note(text="after"))
    assert (await alice.reading().get(Note, note.id)).text == "after"
    hidden = standby.execute("select count(*) from public.notes where id = %s", [note.id]).fetchone()
    assert hidden == (0,)
    assert await bob.reading().all(select(Note)) == []


async def test_isolation_holds_on_the_standby(db: Database) -> None:
    """The same policies, the same filter; hers is there, beside it."""
    note = await db.as_user(ALICE).insert(Note(text="hers"))
    assert await db.as_user(BOB).reading().all(select(Note).where(Note.id == note.id)) == []
    assert len(await db.as_user(ALICE).reading().all(select(Note).where(Note.id == note.id))) == 1


async def test_sealed_values_open_on_the_standby(
    pair: tuple[EmbeddedServer, Path], db: Database, standby: Connection
) -> None:
    """Her own at once; in a process without her keys they come from the standby, in the round trip of the rows."""
    alice = db.as_user(ALICE)
    made = await alice.reading().insert(Secret(value=Sealed("one")))
    assert (await alice.reading().get(Secret, made.id)).value.reveal() == "one"
    _replay(standby, made.id)
    async with _opened(pair) as other:
        rows = await other.as_user(ALICE).reading().all(select(Secret))
        assert _reads(other) == 1
        assert [row.value.reveal() for row in rows] == ["one"]
        assert await other.as_user(BOB).reading().all(select(Secret).where(Secret.id == made.id)) == []


async def test_a_rotation_that_the_standby_has_not_seen(
    pair: tuple[EmbeddedServer, Path], db: Database, standby: Connection
) -> None:
    """The primary's rows are under a key that the standby does not have yet: both open, whichever answers."""
    bob = db.as_user(BOB)
    made = await bob.insert(Secret(value=Sealed("two")))
    _replay(standby, made.id)
    standby.execute("select pg_wal_replay_pause()")
    with KeySession.open(pair[0].dsn("fhr_service", APP), KEYS.ring()) as session:
        rotate_user(session, sealed_columns(Secrets.metadata.sorted_tables), BOB)
    async with _opened(pair) as other:
        behind = await other.as_user(BOB).reading().get(Secret, made.id)
        ahead = await other.as_user(BOB).get(Secret, made.id)
        again = await other.as_user(BOB).reading().get(Secret, made.id)
        assert [row.value.reveal() for row in (behind, ahead, again)] == ["two"] * 3
        assert [kid_of(str(getattr(row.value, "text", ""))) for row in (behind, ahead, again)] == ["u1", "u2", "u1"]


async def test_a_standby_that_is_gone_is_passed_over(pair: tuple[EmbeddedServer, Path]) -> None:
    """Nobody notices: the primary answers."""
    login = pair[0].dsn("fhr", APP)
    nowhere = make_conninfo(login, host="/nonexistent")
    assert conninfo_to_dict(nowhere)["host"] == "/nonexistent"
    async with Database(login, replica_dsn=nowhere, size=PoolSize(largest=3, shared=1, patience=2.0)) as db:
        note = await db.as_user(ALICE).insert(Note(text="n"))
        assert (await db.as_user(ALICE).reading().get(Note, note.id)).id == note.id
