"""An upsert says what it did, and changes nobody else's row."""

from __future__ import annotations

import pytest

from freehold import Database, UserScope, set_
from freehold.errors import Code, StatementError
from tests.integration.conftest import ALICE, BOB
from tests.integration.scope.models import Credential, LogEntry, Note, Profile, Task


async def test_it_says_what_it_did(alice: UserScope) -> None:
    """Inserted, then changed, then left alone: the row is the caller's and the same one."""
    first = await alice.upsert(Task(title="t", logs=[LogEntry(type="info", message="a")]), on=[Task.title])
    second = await alice.upsert(Task(title="t", status="completed"), on=[Task.title], changed=[Task.status])
    third = await alice.upsert(Task(title="t", status="completed"), on=[Task.title], changed=[Task.status])
    assert [each.outcome for each in (first, second, third)] == ["inserted", "updated", "unchanged"]
    assert {each.row.id for each in (first, second, third)} == {first.row.id}
    assert (third.row.status, third.row.logs) == ("completed", [LogEntry(type="info", message="a")])


async def test_another_users_row_is_no_conflict(alice: UserScope, bob: UserScope) -> None:
    """The key is unique per owner, so the same values are a row of each; hers stays as it was."""
    hers = await alice.upsert(Task(title="t", priority=1), on=[Task.title])
    his = await bob.upsert(Task(title="t", priority=2), on=[Task.title])
    assert (hers.outcome, his.outcome) == ("inserted", "inserted")
    assert (await alice.get(Task, hers.row.id)).priority == 1


async def test_a_deleted_row_comes_back(alice: UserScope) -> None:
    """It still holds the key, so an upsert that left it deleted would store what nobody sees."""
    task = await alice.insert(Task(title="t"))
    await alice.delete(Task, Task.id == task.id)
    back = await alice.upsert(Task(title="t", priority=3), on=[Task.title])
    assert (back.outcome, back.row.id, back.row.deleted_at) == ("updated", task.id, None)


async def test_by_the_key_and_by_one_per_user(alice: UserScope, db: Database) -> None:
    """A unique owner is a key by itself; the primary key is one too; a service for one owner keeps to it."""
    profile = await alice.upsert(Profile(email="a@x"), on=[Profile.user_id])
    again = await alice.upsert(Profile(email="b@x"), on=[Profile.user_id])
    assert (profile.outcome, again.outcome, again.row.email) == ("inserted", "updated", "b@x")
    note = await alice.insert(Note(text="n"))
    same = Note(text="m")
    same.id = note.id
    assert (await alice.upsert(same, on=[Note.id])).outcome == "updated"
    service = db.as_service(reason="test", owner=ALICE)
    stored = await service.upsert(Credential(provider="p", value="v"), on=[Credential.provider])
    assert (stored.outcome, str(stored.row.user_id)) == ("inserted", ALICE)
    stranger = Credential(provider="p", value="w")
    stranger.user_id = db.as_user(BOB)._caller.owner  # type: ignore[assignment]
    with pytest.raises(StatementError) as refused:
        await service.upsert(stranger, on=[Credential.provider])
    assert refused.value.code is Code.OWNER_UNNAMED


async def test_what_is_no_key_is_refused(alice: UserScope) -> None:
    """PostgreSQL would refuse it too, without saying what to name instead."""
    with pytest.raises(StatementError, match="No unique key"):
        await alice.upsert(Task(title="t"), on=[Task.priority])
    assert await alice.update(Task, Task.title == "t", set_(Task.priority, 1)) == []
