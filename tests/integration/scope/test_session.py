"""SQLAlchemy sessions run as their caller: through commits, rollbacks, savepoints, and nothing stays behind."""

# ruff: noqa: PT012 - what is refused is the end of a block

from __future__ import annotations

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from freehold import AnonymousScope, Database, UserScope, with_deleted
from freehold.errors import (
    Code,
    ConfigurationError,
    ConnectionLostError,
    DatabaseError,
    FreeholdError,
    PermissionDeniedError,
    StatementError,
)
from freehold.wire import Connection
from tests.integration.conftest import ALICE
from tests.integration.scope.models import Credential, Message, Note, Profile, Task

WHO = text("select current_user::text, coalesce(auth.jwt() ->> 'sub', '')")


async def _who(session: AsyncSession) -> tuple[str, str]:
    role, user = (await session.execute(WHO)).one()
    return role, user


async def test_identity_lasts_through_everything(alice: UserScope) -> None:
    """The first transaction, after commit, after rollback, inside and after a savepoint, and after its rollback."""
    expected = ("authenticated", ALICE)
    async with alice.session() as session:
        assert await _who(session) == expected
        await session.commit()
        assert await _who(session) == expected
        await session.rollback()
        assert await _who(session) == expected
        async with session.begin_nested():
            assert await _who(session) == expected
        assert await _who(session) == expected
        nested = await session.begin_nested()
        await session.execute(text("set local role anon"))
        await nested.rollback()
        assert await _who(session) == expected


async def test_the_unit_of_work(alice: UserScope, bob: UserScope) -> None:
    """Rows are added, changed and removed by flushing objects; nobody else sees or touches them."""
    async with alice.session() as session:
        task = Task(title="t")
        session.add(task)
        await session.commit()
        assert task.user_id == ALICE
        task.title = "changed"
        await session.commit()
        session.add(Message(task_id=task.id, content="c"))
        await session.commit()
    async with bob.session() as session:
        assert (await session.scalars(select(Task))).all() == []
        assert await session.get(Task, (ALICE, task.id)) is None
        assert (await session.scalars(select(Message))).all() == []
    assert await alice.all(select(Task.title)) == ["changed"]
    async with alice.session() as session:
        await session.delete((await session.scalars(select(Message))).one())
        await session.commit()
    assert await alice.all(select(Message)) == []


async def test_uuid_owners(alice: UserScope, bob: UserScope) -> None:
    """The filter knows both kinds of owner here too."""
    async with alice.session() as session:
        session.add(Profile(email="a"))
        await session.commit()
        assert (await session.scalars(select(Profile.email))).all() == ["a"]
    async with bob.session() as session:
        assert (await session.scalars(select(Profile.email))).all() == []


async def test_what_is_not_committed_is_not_kept(alice: UserScope) -> None:
    """Leaving the block without commit, or by an exception, rolls back."""
    async with alice.session() as session:
        session.add(Task(title="t"))
        await session.flush()
    with pytest.raises(ZeroDivisionError):
        async with alice.session() as session:
            session.add(Task(title="u"))
            await session.flush()
            raise ZeroDivisionError
    assert await alice.all(select(Task)) == []


async def test_soft_deleted_rows_are_left_out(alice: UserScope) -> None:
    """As everywhere."""
    await alice.insert_all([Task(title="kept"), Task(title="gone")])
    await alice.delete(Task, Task.title == "gone")
    async with alice.session() as session:
        assert (await session.scalars(select(Task.title))).all() == ["kept"]
        assert await session.scalar(select(func.count()).select_from(Task)) == 1


async def test_with_deleted_works_in_a_session(alice: UserScope) -> None:
    """Asked for, they are there."""
    await alice.insert(Task(title="gone"))
    await alice.delete(Task, Task.title == "gone")
    async with alice.session() as session:
        assert (await session.scalars(with_deleted(select(Task.title)))).all() == ["gone"]


async def test_a_model_with_a_column_that_callers_may_not_read(alice: UserScope) -> None:
    """It is left out, as all() does."""
    await alice.insert(Credential(provider="github", value="v"))
    async with alice.session() as session:
        assert [row.provider for row in (await session.scalars(select(Credential))).all()] == ["github"]


async def test_columns_that_callers_may_not_write_stay_out_of_a_flush(alice: UserScope, db: Database) -> None:
    """A session would name them as NULL, or ask for them back, and be refused; the control names one."""
    async with alice.session() as session:
        row = Credential(provider="github", value="v")
        session.add(row)
        await session.commit()
        row.provider = "gitlab"
        await session.commit()
        session.add(Credential(provider="other", value="v", sealed="mine"))
        with pytest.raises(PermissionDeniedError):
            await session.flush()
    service = db.as_service(reason="test", owner=ALICE)
    assert [(each.provider, each.sealed) for each in await service.all(select(Credential))] == [("gitlab", None)]


async def test_the_service_names_its_owner_here_too(db: Database, alice: UserScope, bob: UserScope) -> None:
    """One user's rows, everybody's, or a refusal."""
    await alice.insert(Task(title="a"))
    await bob.insert(Task(title="b"))
    async with db.as_service(reason="test", owner=ALICE).session() as session:
        assert (await session.scalars(select(Task.title))).all() == ["a"]
    async with db.as_service(reason="test", all_users=True).session() as session:
        assert sorted((await session.scalars(select(Task.title))).all()) == ["a", "b"]
    async with db.as_service(reason="test").session() as session:
        with pytest.raises(StatementError) as refused:
            await session.scalars(select(Task.title))
    assert refused.value.code is Code.OWNER_UNNAMED


async def test_anonymous_sessions(anon: AnonymousScope) -> None:
    """The role is anon, and no claim of a user is left."""
    async with anon.session() as session:
        assert await _who(session) == ("anon", "")


async def test_nothing_stays_on_the_connection(alice: UserScope, bob: UserScope, admin: Connection) -> None:
    """Settings, LISTEN, prepared statements and advisory locks end when the connection goes back."""
    async with alice.session() as session:
        pid = await session.scalar(text("select pg_backend_pid()"))
        for statement in (
            "set work_mem = '77MB'",
            "listen gossip",
            "prepare leftover as select 1",
            "select pg_advisory_lock(4711)",
            "declare kept cursor with hold for select 1",
        ):
            await session.execute(text(statement))
        await session.commit()
    async with bob.session() as session:
        assert await session.scalar(text("select pg_backend_pid()")) == pid
        assert await session.scalar(text("show work_mem")) != "77MB"
        assert (await session.execute(text("select * from pg_listening_channels()"))).all() == []
        assert (await session.execute(text("select name from pg_cursors where name <> ''"))).all() == []
        found = await session.scalars(text("select name from pg_prepared_statements where name = 'leftover'"))
        assert found.all() == []
    assert admin.execute("select count(*) from pg_locks where locktype = 'advisory'").fetchone() == (0,)


async def test_stacked_statements_are_refused(alice: UserScope) -> None:
    """Always the extended protocol, as everywhere else."""
    async with alice.session() as session:
        with pytest.raises(DatabaseError) as refused:
            await session.execute(text("select 1; commit"))
        assert refused.value.sqlstate == "42601"


async def test_errors_do_not_repeat_values(alice: UserScope) -> None:
    """Neither SQLAlchemy's message nor PostgreSQL's detail reaches a log with the row in it."""
    await alice.insert(Task(title="s3cret"))
    async with alice.session() as session:
        session.add(Task(title="s3cret"))
        with pytest.raises((IntegrityError, FreeholdError)) as refused:
            await session.flush()
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize(
    ("dsn", "kind"),
    [
        ("postgresql://app:s3cret@[host/db", ConfigurationError),
        ("postgresql://app:s3cret@127.0.0.1:1/db", ConnectionLostError),
    ],
    ids=["malformed", "nobody there"],
)
async def test_connecting_fails_with_our_errors(dsn: str, kind: type[FreeholdError]) -> None:
    """As `open` does: FH302 and FH307."""
    nowhere = Database(dsn)
    with pytest.raises(kind) as refused:
        async with nowhere.as_user("u").session() as session:
            await session.execute(text("select 1"))
    assert "s3cret" not in str(refused.value)


async def test_shared_rows(alice: UserScope, bob: UserScope) -> None:
    """A replaced policy is not narrowed by the filter in a session either."""
    await alice.insert(Note(text="shared", shared=True))
    async with bob.session() as session:
        assert (await session.scalars(select(Note.text))).all() == ["shared"]
