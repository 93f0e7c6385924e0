"""The service bypasses policies, so its scopes say whose rows they mean, and stay with them."""

from __future__ import annotations

import logging

import pytest
from sqlalchemy import func, insert, select, true
from sqlalchemy.dialects.postgresql import insert as upsert

from freehold import Database, UserScope, set_
from freehold.errors import Code, ConfigurationError, StatementError
from freehold.server import Endpoints
from tests.integration.conftest import ALICE, BOB
from tests.integration.scope.models import Job, Note, Task, Token


@pytest.fixture
async def _rows(alice: UserScope, bob: UserScope) -> None:
    await alice.insert(Task(title="a"))
    await bob.insert(Task(title="b"))


async def test_unnamed_it_is_refused_at_owned_tables_only(db: Database, _rows: None) -> None:
    """FH204 for every verb; tables without owners are open to it."""
    service = db.as_service(reason="test")
    for attempt in (
        lambda: service.all(select(Task)),
        lambda: service.all(select(func.count()).select_from(Task)),
        lambda: service.get(Task, "x"),
        lambda: service.insert(Task(title="t")),
        lambda: service.update(Task, true(), set_(Task.title, "x")),
        lambda: service.delete(Task, true()),
        lambda: service.all(select(Job).where(select(Task.id).exists())),
    ):
        with pytest.raises(StatementError) as refused:
            await attempt()
        assert refused.value.code is Code.OWNER_UNNAMED
    await service.insert(Job(payload="p"))
    assert await service.all(select(Job.payload)) == ["p"]


async def test_for_one_owner(db: Database, alice: UserScope, bob: UserScope, _rows: None) -> None:
    """It reads, changes and removes that user's rows and no other's."""
    service = db.as_service(reason="test", owner=ALICE)
    assert await service.all(select(Task.title)) == ["a"]
    assert [task.title for task in await service.update(Task, true(), set_(Task.title, "x"))] == ["x"]
    assert (await service.insert(Task(title="new"))).user_id == ALICE
    assert len(await service.delete(Task, true(), hard=True)) == 2
    assert await bob.all(select(Task.title)) == ["b"]


async def test_for_everybody(db: Database, _rows: None) -> None:
    """Only when it says so."""
    service = db.as_service(reason="test", all_users=True)
    assert sorted(await service.all(select(Task.title))) == ["a", "b"]
    assert len(await service.update(Task, true(), set_(Task.priority, 1))) == 2


async def test_it_filters_where_a_policy_is_replaced_too(db: Database, bob: UserScope) -> None:
    """The policy does not hold the service, so the filter must."""
    await bob.insert(Note(text="shared", shared=True))
    assert await db.as_service(reason="test", owner=ALICE).all(select(Note)) == []


async def test_it_cannot_write_rows_of_another_owner(db: Database, bob: UserScope) -> None:
    """Confined to one user's rows, also in what it inserts."""
    service = db.as_service(reason="test", owner=ALICE)
    row = Task(title="planted")
    row.user_id = BOB
    with pytest.raises(StatementError):
        await service.insert(row)
    with pytest.raises(StatementError):
        await service.all(insert(Task).values(user_id=BOB, title="planted").returning(Task.id))
    assert await bob.all(select(Task)) == []


async def test_it_cannot_give_rows_away(db: Database, alice: UserScope, bob: UserScope) -> None:
    """Confined to one user's rows, also in what it makes of them."""
    await alice.insert(Note(text="n"))
    with pytest.raises(StatementError):
        await db.as_service(reason="test", owner=ALICE).update(Note, true(), set_(Note.user_id, BOB))
    assert await bob.all(select(Note)) == []


async def test_an_upsert_does_not_reach_another_owner(db: Database, bob: UserScope) -> None:
    """A key that is unique among all users must not let one owner's upsert change another's row."""
    token = await bob.insert(Token(hint="bob's"))
    statement = upsert(Token).values(id=token.id, hint="overwritten")
    statement = statement.on_conflict_do_update(index_elements=[Token.id], set_={"hint": "overwritten"})
    await db.as_service(reason="test", owner=ALICE).all(statement.returning(Token.id))
    assert await bob.all(select(Token.hint)) == ["bob's"]


async def test_an_upsert_of_a_user_does_not_either(alice: UserScope, bob: UserScope) -> None:
    """For callers the policy holds: the row of another is an error, not a change."""
    token = await bob.insert(Token(hint="bob's"))
    statement = upsert(Token).values(id=token.id, user_id=ALICE, hint="overwritten")
    statement = statement.on_conflict_do_update(index_elements=[Token.id], set_={"hint": "overwritten"})
    with pytest.raises(Exception, match="FH35"):
        await alice.all(statement.returning(Token.id))
    assert await bob.all(select(Token.hint)) == ["bob's"]


async def test_one_owner_and_everybody_contradict_each_other(db: Database) -> None:
    """The wider of the two must not be taken silently."""
    with pytest.raises((StatementError, ConfigurationError, ValueError, TypeError)):
        db.as_service(reason="test", owner=ALICE, all_users=True)


async def test_without_a_login_of_its_own(endpoints: Endpoints) -> None:
    """FH301: the application's login must not become the service."""
    with pytest.raises(ConfigurationError) as refused:
        Database(endpoints.login).as_service(reason="test")
    assert refused.value.code is Code.SETTING_MISSING


async def test_it_is_logged_with_its_reason(db: Database, caplog: pytest.LogCaptureFixture) -> None:
    """Once for each scope."""
    with caplog.at_level(logging.INFO, logger="freehold.scope"):
        db.as_service(reason="expire tokens")
    assert "expire tokens" in caplog.text
