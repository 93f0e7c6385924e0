"""Rotation and the take-over of old values, with writers at work and the process killed at any point."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.synchronize import Event

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7
from sqlalchemy import select

from freehold import Database, Sealed, ServiceScope, UserScope, set_
from freehold.encryption import KeyRing
from freehold.errors import Code, KeyWorkError, SealError
from freehold.keys import KeySession, forget, job, migrate_legacy, rotate_ring, rotate_user, sealed_columns, status
from freehold.server import Endpoints
from freehold.wire import Connection
from tests.integration.sealing.conftest import ALICE, BOB, KEYS, NODE_KEY, RING, SECOND, database
from tests.integration.sealing.models import Base, Config, Connector, Key

COLUMNS = sealed_columns(Base.metadata.sorted_tables)
_AGED = b"update public.user_keys set created_at = created_at - interval '1 hour'"
_WORKERS = get_context("forkserver")
_WORKERS.set_forkserver_preload([__name__])


def work(dsn: str, what: str, begun: Event) -> None:
    """A process at work: a user's rotation, or "legacy"."""
    job.PAGE = 20
    with KeySession.open(dsn, KeyRing.parse(KEYS)) as session:
        begun.set()
        if what == "legacy":
            migrate_legacy(session, COLUMNS)
        else:
            rotate_user(session, COLUMNS, what)


@pytest.fixture
def session(endpoints: Endpoints) -> Iterator[KeySession]:
    """The service's connection with the ring."""
    with KeySession.open(endpoints.service or "", KeyRing.parse(KEYS)) as opened:
        yield opened


def old(text: str) -> str:
    """What the Node platform stored for ``text``."""
    iv, padder = os.urandom(16), PKCS7(128).padder()
    encryptor = Cipher(AES256(bytes.fromhex(NODE_KEY)), CBC(iv)).encryptor()
    padded = padder.update(text.encode()) + padder.finalize()
    return f"{iv.hex()}:{(encryptor.update(padded) + encryptor.finalize()).hex()}"


def put_old(admin: Connection, owner: str, values: list[tuple[str | None, str | None]]) -> None:
    """Rows of connectors as the old platform left them: env and secret."""
    admin.cursor().executemany(
        "insert into public.connectors (id, user_id, env, secret) values (gen_random_uuid(), %s, %s, %s)",
        [(owner, env, secret) for env, secret in values],
    )


async def test_taking_over(session: KeySession, admin: Connection, endpoints: Endpoints, alice: UserScope) -> None:
    """Three shapes of env, ciphertext of two owners, one value that is damaged: counted, migrated, then all sealed."""
    put_old(admin, ALICE, [(old('{"A": "b"}'), old("s1")), ('{"C": "d"}', ""), (None, None)])
    put_old(admin, BOB, [(None, old("s2"))])
    revealed = await alice.all(select(Connector))
    assert sorted(str(row.env and row.env.reveal()) for row in revealed) == ["None", "{'A': 'b'}", "{'C': 'd'}"]
    assert [outcome.total for outcome in migrate_legacy(session, COLUMNS, dry=True) if outcome.total] == [2, 3]
    admin.execute("update public.connectors set secret = repeat('ab', 16) || ':' || repeat('cd', 16) where secret = ''")
    before = {each.column: each.unauthenticated for each in status(session, COLUMNS).columns}
    assert (before["connectors.env"], before["connectors.secret"]) == (2, 3)
    outcomes = {outcome.job: outcome for outcome in migrate_legacy(session, COLUMNS)}
    damaged = outcomes["migrate-legacy connectors.secret"]
    assert (damaged.sealed, damaged.failed, len(damaged.rows)) == (2, 1, 1)
    assert not status(session, COLUMNS).settled
    admin.execute("update public.connectors set secret = null where secret not like 'fh1.%'")
    assert status(session, COLUMNS).settled
    async with database(endpoints) as other:
        rows = await other.as_user(ALICE).all(select(Connector))
        found = sorted((str(row.env and row.env.reveal()), str(row.secret and row.secret.reveal())) for row in rows)
        assert found == [("None", "None"), ("{'A': 'b'}", "s1"), ("{'C': 'd'}", "None")]
        assert all(row.env is None or row.env.authenticated for row in rows)
        assert [row.secret and row.secret.reveal() for row in await other.as_user(BOB).all(select(Connector))] == ["s2"]


async def test_rotating_the_ring(
    session: KeySession, alice: UserScope, bob: UserScope, service: ServiceScope, endpoints: Endpoints
) -> None:
    """Every data key is wrapped by the new key, ownerless values are sealed by it, and the old one can go."""
    for scope in (alice, bob):
        await scope.insert(Key(provider="a", value=Sealed("x")))
    await service.insert(Config(value=Sealed("c")))
    both = f"{SECOND.text} {RING.text.replace('primary', 'active')}"
    with KeySession.open(endpoints.service or "", KeyRing.parse(both)) as rotating:
        assert [each.total for each in rotate_ring(rotating, COLUMNS, dry=True)] == [2, 1]
        assert [each.sealed for each in rotate_ring(rotating, COLUMNS)] == [2, 1]
        assert [each.sealed for each in rotate_ring(rotating, COLUMNS)] == [0, 0]
        found = status(rotating, COLUMNS)
        assert found.settled
        assert found.wrapped == {"r2": 2}
    assert status(session, COLUMNS).missing == ("r2",)
    async with database(endpoints, SECOND.text) as other:
        assert (await other.as_user(ALICE).one(select(Key))).value.reveal() == "x"
        scope = other.as_service(reason="test", all_users=True)
        assert (await scope.one(select(Config))).value.reveal() == "c"
    async with database(endpoints) as other:
        with pytest.raises(SealError) as error:
            (await other.as_user(ALICE).one(select(Key))).value.reveal()
        assert error.value.code is Code.SEAL_KEY_UNKNOWN


async def test_rotating_a_user(
    session: KeySession, alice: UserScope, bob: UserScope, admin: Connection, endpoints: Endpoints
) -> None:
    """Values move to a new generation that running processes pick up; the old one goes when it has settled."""
    await bob.insert(Key(provider="a", value=Sealed("bob")))
    await alice.insert_all([Key(provider=f"p{number}", value=Sealed(f"v{number}")) for number in range(30)])
    rotate_user(session, COLUMNS, ALICE)
    assert {row.value.reveal() for row in await alice.all(select(Key))} == {f"v{number}" for number in range(30)}
    assert len(await alice.all(select(Key).where(await alice.matching(Key.value, "v7")))) == 1
    generations = "select array_agg(generation order by generation) from public.user_keys where user_id = %s"
    assert admin.execute(generations, (ALICE,)).fetchone() == ([1, 2],)
    assert rotate_user(session, COLUMNS, ALICE)[0].sealed == 0
    assert admin.execute(generations, (ALICE,)).fetchone() == ([1, 2],)
    admin.execute(_AGED)
    rotate_user(session, COLUMNS, ALICE)
    assert admin.execute(generations, (ALICE,)).fetchone() == ([2],)
    async with database(endpoints) as other:
        assert len([row.value.reveal() for row in await other.as_user(ALICE).all(select(Key))]) == 30
    assert (await bob.one(select(Key))).value.reveal() == "bob"


@pytest.mark.slow
async def test_writers_during_rotation(session: KeySession, alice: UserScope, endpoints: Endpoints) -> None:
    """Four writers in processes of their own caches, and no update of theirs is lost."""
    rows = await alice.insert_all([Key(provider=f"p{number}", value=Sealed("0")) for number in range(200)])
    databases = [database(endpoints) for _ in range(4)]
    last: dict[str, str] = {}
    over = asyncio.Event()

    async def write(number: int) -> None:
        scope, mine, count = databases[number].as_user(ALICE), rows[number::4], 0
        while not over.is_set() or count < 30:
            row, count = random.choice(mine), count + 1
            await scope.update(Key, Key.id == row.id, set_(Key.value, Sealed(f"{number}-{count}")))
            last[row.id] = f"{number}-{count}"

    writers = [asyncio.create_task(write(number)) for number in range(4)]
    try:
        await asyncio.sleep(0.05)
        await asyncio.to_thread(rotate_user, session, COLUMNS, ALICE)
    finally:
        over.set()
        await asyncio.gather(*writers)
        for each in databases:
            await each.close()
    found = {row.id: row.value.reveal() for row in await alice.all(select(Key))}
    assert found == {row.id: last.get(row.id, "0") for row in rows}


def _worker(dsn: str, what: str, *, kill: bool) -> None:
    begun = _WORKERS.Event()
    process = _WORKERS.Process(target=work, args=(dsn, what, begun))
    process.start()
    try:
        assert begun.wait(60)
        if kill:
            time.sleep(random.uniform(0.0, 0.12))
            process.kill()
        process.join(60)
        assert process.exitcode in ((0, -signal.SIGKILL) if kill else (0,))
    finally:
        process.kill()
        process.join()


@pytest.mark.slow
@pytest.mark.parametrize("what", ["legacy", ALICE])
async def test_killed_and_resumed(
    what: str, session: KeySession, alice: UserScope, admin: Connection, endpoints: Endpoints
) -> None:
    """Killed at random points and started again, it ends with every value once, and as it was."""
    if what == "legacy":
        put_old(admin, ALICE, [(None, old(f"v{number}")) for number in range(600)])
    else:
        await alice.insert_all([Connector(secret=Sealed(f"v{number}")) for number in range(600)])
    for kill in (True, True, False):
        await asyncio.to_thread(_worker, endpoints.service or "", what, kill=kill)
    rows = await alice.all(select(Connector.secret))
    assert sorted(row.reveal() for row in rows if row is not None) == sorted(f"v{number}" for number in range(600))
    expected = {"u1": 600} if what == "legacy" else {"u2": 600}
    found = next(each for each in status(session, COLUMNS).columns if each.column == "connectors.secret")
    assert (found.keys, found.unauthenticated) == (expected, 0)
    assert status(session, COLUMNS).unfinished == {}


async def test_one_at_a_time(session: KeySession, endpoints: Endpoints, alice: UserScope) -> None:
    """A second run of the same job is refused while the first is at it."""
    await alice.insert(Key(provider="a", value=Sealed("x")))
    session.alone("rotate ring r1")
    with KeySession.open(endpoints.service or "", session.ring) as other, pytest.raises(KeyWorkError) as error:
        rotate_ring(other, COLUMNS)
    assert error.value.code is Code.ROTATION_BUSY


async def test_a_process_that_goes_on_forgets_too(
    monkeypatch: pytest.MonkeyPatch,
    session: KeySession,
    db: Database,
    alice: UserScope,
    bob: UserScope,
    service: ServiceScope,
) -> None:
    """Keys that were deleted elsewhere are asked for again after five minutes, and not found: by their user, and a service."""
    for scope in (alice, bob):
        await scope.insert(Key(provider="a", value=Sealed("x")))
    forget(session, COLUMNS, ALICE)
    assert (await alice.one(select(Key))).value.reveal() == "x", "the bound is what the documentation says"
    monkeypatch.setattr(await db._vault.chain(), "_clock", lambda: time.monotonic() + 301)
    assert (await bob.one(select(Key))).value.reveal() == "x"
    for reader in (alice, service):
        row = (await reader.all(select(Key).where(Key.user_id == ALICE)))[0]
        with pytest.raises(SealError) as error:
            row.value.reveal()
        assert error.value.code is Code.SEAL_KEY_UNKNOWN
    await alice.insert(Key(provider="b", value=Sealed("y")))
    assert (await alice.one(select(Key).where(Key.provider == "b"))).value.reveal() == "y"


async def test_a_bulk_of_more_owners_than_are_kept(db: Database, alice: UserScope, service: ServiceScope) -> None:
    """One owner's keys are here, two have none, and there is room for one: each value is sealed all the same."""
    await alice.insert(Key(provider="a", value=Sealed("x")))
    (await db._vault.chain())._kept = 1
    rows: list[Key] = []
    for user in (ALICE, BOB, "eve"):
        rows.append(Key(provider="b", value=Sealed(user)))
        rows[-1].user_id = user
    for row in await service.insert_all(rows):
        assert await service.reveal(row.value) == row.user_id


async def test_forgetting(session: KeySession, alice: UserScope, bob: UserScope, endpoints: Endpoints) -> None:
    """Without data keys nothing of the user's opens; others are not touched."""
    for scope in (alice, bob):
        await scope.insert(Key(provider="a", value=Sealed("x")))
    assert forget(session, COLUMNS, ALICE, dry=True).keys == 1
    forgotten = forget(session, COLUMNS, ALICE)
    assert (forgotten.keys, forgotten.values["keys.value"]) == (1, 1)
    async with database(endpoints) as other:
        with pytest.raises(SealError):
            (await other.as_user(ALICE).one(select(Key))).value.reveal()
        assert (await other.as_user(BOB).one(select(Key))).value.reveal() == "x"
