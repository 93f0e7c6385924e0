"""Nothing of one caller reaches the next on the same connection."""

from __future__ import annotations

import contextlib

import pytest
from sqlalchemy import func, select

from freehold import AnonymousScope, Database, UserScope
from freehold.errors import FreeholdError, PermissionDeniedError
from freehold.server import Endpoints
from freehold.wire import Connection, PoolSize, Step
from tests.integration.conftest import ALICE, BOB
from tests.integration.scope.models import Note, Task


@pytest.fixture
def size() -> PoolSize:
    """One connection to share and one for transactions, so that callers follow each other on it."""
    return PoolSize(largest=2, shared=1, patience=5.0)


RESIDUE = {
    "setting": ("set work_mem = '77MB'", "select 1 where current_setting('work_mem') = '77MB'"),
    "setting by function": (
        "select set_config('request.jwt.claims', '{\"sub\":\"mallory\"}', false)",
        "select 1 where current_setting('request.jwt.claims') like '%mallory%'",
    ),
    "legacy claim": (
        "select set_config('request.jwt.claim.sub', 'mallory', false)",
        "select 1 where current_setting('request.jwt.claim.sub') = 'mallory'",
    ),
    "search path": ("set search_path = pg_temp", "select 1 where current_setting('search_path') = 'pg_temp'"),
    "role": ("set role anon", "select 1 where current_user = 'anon'"),
    "listen": ("listen gossip", "select * from pg_listening_channels()"),
    "prepared statement": (
        "prepare leftover as select 1",
        "select name from pg_prepared_statements where name = 'leftover'",
    ),
    "cursor": ("declare kept cursor with hold for select 1", "select name from pg_cursors where name = 'kept'"),
    "advisory lock": (
        "select pg_advisory_lock(4711)",
        "select pid from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()",
    ),
}


@pytest.mark.parametrize(("leave", "look"), RESIDUE.values(), ids=RESIDUE)
async def test_text_leaves_nothing(endpoints: Endpoints, leave: str, look: str) -> None:
    """The connection is cleaned when it goes back, and the next caller's is the same: there is only one."""
    async with Database(endpoints.login, size=PoolSize(largest=1, shared=0, patience=5.0)) as db:
        async with db.as_user(ALICE).transaction() as tx:
            (pid,) = await tx.raw("select pg_backend_pid()")
            await tx.raw(leave)  # type: ignore[arg-type]
            if not leave.startswith(("set role", "listen")):  # one would deny the look, the other begins at COMMIT
                assert await tx.raw(look) != []  # type: ignore[arg-type]
        async with db.as_user(BOB).transaction() as tx:
            assert await tx.raw("select pg_backend_pid()") == [pid]
            assert await tx.raw(look) == []  # type: ignore[arg-type]
            assert await tx.raw("select auth.jwt() ->> 'sub'") == [(BOB,)]


async def test_a_temporary_table_is_refused(alice: UserScope) -> None:
    """pg_temp is searched first, so nobody may put anything there."""
    with pytest.raises(PermissionDeniedError):
        await alice.raw("create temporary table tasks (title text)")


async def test_a_verb_leaves_the_login_role_bare(alice: UserScope, bob: UserScope, db: Database) -> None:
    """Between exchanges the connection is nobody: no role, no claims, no timeout."""
    await alice.insert(Task(title="t"))
    link = await (await db._login.pool()).lanes.take()
    (result,) = await link.exchange(
        [
            Step(
                b"select current_user, current_setting('request.jwt.claims', true),"
                b" current_setting('request.jwt.claim.sub', true), current_setting('statement_timeout')"
            )
        ]
    )
    assert [result.get_value(0, column) for column in range(4)] == [b"fhtest", b"", b"", b"0"]
    assert await bob.all(select(Task)) == []


async def test_a_missing_identity_reads_nothing(alice: UserScope, endpoints: Endpoints, db: Database) -> None:
    """The login role by itself has no privilege on any table."""
    await alice.insert(Task(title="t"))
    link = await (await db._login.pool()).lanes.take()
    with pytest.raises(PermissionDeniedError):
        await link.exchange([Step(b"select * from public.tasks")])


async def test_after_an_error_the_next_caller_is_herself(
    alice: UserScope, bob: UserScope, anon: AnonymousScope
) -> None:
    """An error rolls the settings back with everything else."""
    await alice.insert(Task(title="t"))
    for scope in (alice, bob, anon):
        with contextlib.suppress(FreeholdError):
            await scope.all(select(func.no_such_function()))
        with pytest.raises(PermissionDeniedError):
            await anon.all(select(Task))
        assert await bob.all(select(Task)) == []
        assert await alice.all(select(Task.title)) == ["t"]


async def test_a_function_in_a_select_leaves_nothing(alice: UserScope, bob: UserScope, admin: Connection) -> None:
    """set_config and advisory locks are functions: a SELECT with them must not share its connection, or be refused."""
    with contextlib.suppress(FreeholdError):
        await alice.all(select(func.set_config("search_path", "pg_temp", False)))
        await alice.all(select(func.pg_advisory_lock(4711)))
    assert await bob.one(select(func.current_setting("search_path"))) != "pg_temp"
    assert admin.execute("select count(*) from pg_locks where locktype = 'advisory'").fetchone() == (0,)


async def test_a_claim_left_on_the_shared_connection_is_overwritten(alice: UserScope, bob: UserScope) -> None:
    """Every identity setting travels with every exchange, the legacy ones included."""
    await alice.insert(Task(title="t"))
    await bob.insert(Note(text="n"))
    for name in ("request.jwt.claims", "request.jwt.claim.sub", "request.jwt.claim.role", "role"):
        value = {"role": "anon", "request.jwt.claims": f'{{"sub":"{ALICE}"}}'}.get(name, ALICE)
        await alice.all(select(func.set_config(name, value, False)))
        assert await bob.all(select(Task)) == []
        assert await bob.all(select(Note.text)) == ["n"]
        assert await bob.raw("select title from public.tasks") == []
