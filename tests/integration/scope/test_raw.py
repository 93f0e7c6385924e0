"""Raw SQL runs as its caller inside a transaction of its own, and cannot leave either."""

# ruff: noqa: PT012 - what is refused is the end of a block

from __future__ import annotations

import pytest
from sqlalchemy import select

from freehold import AnonymousScope, UserScope
from freehold.errors import Code, DatabaseError, FreeholdError, PermissionDeniedError, StatementError
from tests.integration.conftest import ALICE, BOB
from tests.integration.scope.models import Task

ENDINGS = (
    "commit",
    "rollback",
    "end",
    "abort",
    "/* harmless */ COMMIT",
    "-- harmless\ncommit work",
    "commit and chain",
    "rollback and chain",
    "/* a /* nested */ comment */ -- and a line\n; PREPARE TRANSACTION 'x'",
)


async def test_it_gives_tuples(alice: UserScope) -> None:
    """With ``$1`` parameters, as PostgreSQL has them."""
    await alice.insert(Task(title="t"))
    assert await alice.raw("select title, priority + $1 from public.tasks", 2) == [("t", 2)]
    assert await alice.raw("update public.tasks set priority = 7") == []
    assert await alice.all(select(Task.priority)) == [7]


async def test_the_policies_alone_hold(alice: UserScope, bob: UserScope, anon: AnonymousScope) -> None:
    """There is no owner filter in text, and none is needed."""
    await alice.insert(Task(title="t"))
    assert await bob.raw("select title from public.tasks") == []
    assert await bob.raw("update public.tasks set priority = 9 returning id") == []
    assert await bob.raw("delete from public.tasks returning id") == []
    with pytest.raises(PermissionDeniedError):
        await anon.raw("select title from public.tasks")
    assert await alice.all(select(Task.priority)) == [0]


@pytest.mark.parametrize("sql", ["select 1; commit", "select 1; select 2", "select 1; reset role; select 1"])
async def test_stacked_statements_are_refused(alice: UserScope, sql: str) -> None:
    """The extended protocol takes one statement (42601)."""
    with pytest.raises(DatabaseError) as refused:
        await alice.raw(sql)  # type: ignore[arg-type]
    assert refused.value.sqlstate == "42601"


@pytest.mark.parametrize("sql", ENDINGS)
async def test_it_cannot_end_its_transaction(alice: UserScope, sql: str) -> None:
    """Ending it is refused, and what comes after does not run outside of it."""
    with pytest.raises(StatementError) as refused:
        async with alice.transaction() as tx:
            await tx.raw("select 1")
            await tx.raw(sql)  # type: ignore[arg-type]
    assert refused.value.code is Code.STATEMENT_UNSUPPORTED
    assert await alice.all(select(Task)) == []


@pytest.mark.parametrize("sql", ENDINGS[:1])
async def test_what_it_tried_to_commit_is_rolled_back(alice: UserScope, sql: str) -> None:
    """The block ends with an error, so none of it may have happened."""
    with pytest.raises(StatementError):
        async with alice.transaction() as tx:
            await tx.insert(Task(title="must not stay"))
            await tx.raw(sql)  # type: ignore[arg-type]
    assert await alice.all(select(Task)) == []


@pytest.mark.parametrize(
    "sql",
    [
        "set role service_role",
        "set local role service_role",
        "select set_config('role', 'service_role', true)",
        "set session authorization postgres",
        "select set_config('session_authorization', 'postgres', false)",
        "set row_security = off",
        "alter role current_user bypassrls",
        "alter table public.tasks disable row level security",
        "create temp table t (a int)",
        "create table public.t (a int)",
        "truncate public.tasks",
        "select pg_read_file('/etc/passwd')",
        "copy public.jobs to stdout",
        "copy public.tasks to program 'true'",
        "do $$ begin commit; end $$",
    ],
)
async def test_it_cannot_become_more_than_its_caller(alice: UserScope, bob: UserScope, sql: str) -> None:
    """Refused, or without effect; and the next statement is the next caller's."""
    await alice.insert(Task(title="t"))
    try:
        await bob.raw(sql)  # type: ignore[arg-type]
    except FreeholdError:
        pass
    else:
        assert sql == "set row_security = off"
    assert await bob.raw("select title from public.tasks") == []
    assert await bob.raw("select current_user::text, session_user::text") == [("authenticated", "fhtest")]
    assert await alice.all(select(Task.title)) == ["t"]


async def test_with_row_security_off_nothing_is_read(alice: UserScope, bob: UserScope) -> None:
    """``row_security = off`` asks for an error instead of a filtered result; it gives nobody more."""
    await alice.insert(Task(title="t"))
    with pytest.raises(PermissionDeniedError):
        async with bob.transaction() as tx:
            await tx.raw("set local row_security = off")
            await tx.raw("select title from public.tasks")


@pytest.mark.parametrize("sql", ["copy public.tasks to stdout", "copy public.tasks from stdin"])
async def test_copy_is_refused_and_the_next_call_works(alice: UserScope, sql: str) -> None:
    """A pipeline cannot carry COPY."""
    with pytest.raises(FreeholdError):
        await alice.raw(sql)  # type: ignore[arg-type]
    assert await alice.all(select(Task)) == []


async def test_what_cannot_be_stopped_here_stays_in_its_transaction(alice: UserScope, bob: UserScope) -> None:
    """Arbitrary SQL as the application's role can claim to be another user; it lasts no longer than its transaction.

    This is written down as a limit: identity is not signed. Nobody but the application's own code writes raw SQL.
    """
    await alice.insert(Task(title="t"))
    claims = f'{{"sub":"{ALICE}"}}'
    async with bob.transaction() as tx:
        await tx.raw("select set_config('request.jwt.claims', $1, false)", claims)
        assert await tx.raw("select title from public.tasks") == [("t",)]
    assert await bob.raw("select title from public.tasks") == []
    assert await bob.raw("select auth.jwt() ->> 'sub'") == [(BOB,)]
