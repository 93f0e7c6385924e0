"""Every verb, as two users and as somebody who is not signed in."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import Column, MetaData, Table, Text, func, insert, select, text, true, union_all, update
from sqlalchemy.orm import aliased
from sqlalchemy.orm.exc import DetachedInstanceError

from freehold import AnonymousScope, Database, UserScope, append, set_, with_deleted
from freehold.errors import (
    CheckViolationError,
    Code,
    DeclarationError,
    ForeignKeyError,
    IdentityError,
    NotNullError,
    NotVisibleError,
    PermissionDeniedError,
    PolicyViolationError,
    StatementError,
    UniqueViolationError,
)
from tests.integration.conftest import ALICE, BOB
from tests.integration.scope.models import (
    Announcement,
    Board,
    Credential,
    Event,
    Job,
    LogEntry,
    Member,
    Message,
    Note,
    Profile,
    Task,
    Token,
    User,
)


async def test_insert_gives_back_the_row_as_the_database_has_it(alice: UserScope) -> None:
    """The owner is filled in, the key was made here, defaults and clocks are the database's."""
    task = await alice.insert(Task(title="first", logs=[LogEntry(type="info", message="made")]))
    assert task.user_id == ALICE
    assert len(task.id) == 26
    assert (task.status, task.priority, task.external_ref, task.deleted_at) == ("pending", 0, None, None)
    assert task.logs == [LogEntry(type="info", message="made")]
    assert abs((datetime.now(UTC) - task.created_at).total_seconds()) < 60
    assert task.created_at.tzinfo is not None


async def test_all_gives_models_values_or_tuples(alice: UserScope) -> None:
    """One thing asked for is given bare, several as tuples, in the order of the statement."""
    await alice.insert_all([Task(title="b", priority=2), Task(title="a", priority=1)])
    by_title = select(Task).order_by(Task.title)
    assert [task.title for task in await alice.all(by_title)] == ["a", "b"]
    assert await alice.all(select(Task.title).order_by(Task.title)) == ["a", "b"]
    assert await alice.all(select(Task.title, Task.priority).order_by(Task.title)) == [("a", 1), ("b", 2)]
    assert [(t.title, p) for t, p in await alice.all(select(Task, Task.priority).order_by(Task.title))] == [
        ("a", 1),
        ("b", 2),
    ]


async def test_others_see_nothing(alice: UserScope, bob: UserScope, anon: AnonymousScope) -> None:
    """Another user sees no row; somebody who is not signed in has no privilege at all."""
    task = await alice.insert(Task(title="mine"))
    assert await bob.all(select(Task)) == []
    assert await bob.first(select(Task)) is None
    assert await bob.all(select(Task).where(Task.user_id == ALICE)) == []
    with pytest.raises(NotVisibleError) as refused:
        await bob.get(Task, task.id)
    assert refused.value.code is Code.NOT_VISIBLE
    with pytest.raises(PermissionDeniedError):
        await anon.all(select(Task))


async def test_a_hidden_row_and_a_missing_one_are_told_apart_by_nothing(alice: UserScope, bob: UserScope) -> None:
    """The error for another's row is letter for letter that for no row."""
    task = await alice.insert(Task(title="mine"))
    errors = []
    for key in (task.id, "01no0such0row0000000000000"):
        with pytest.raises(NotVisibleError) as refused:
            await bob.get(Task, key)
        errors.append(str(refused.value))
    assert errors[0] == errors[1]


async def test_first_and_one(alice: UserScope) -> None:
    """first() may find nothing; one() must find exactly one."""
    assert await alice.first(select(Task)) is None
    with pytest.raises(NotVisibleError):
        await alice.one(select(Task))
    await alice.insert_all([Task(title="a"), Task(title="b")])
    first = await alice.first(select(Task.title, Task.priority).order_by(Task.title.desc()))
    assert first == ("b", 0)
    assert await alice.one(select(func.count()).select_from(Task)) == 2
    with pytest.raises(StatementError) as several:
        await alice.one(select(Task))
    assert several.value.code is Code.ROW_COUNT


async def test_update_changes_the_callers_rows_only(alice: UserScope, bob: UserScope) -> None:
    """The same condition changes one user's row and nothing of the other's."""
    mine = await alice.insert(Task(title="mine"))
    assert await bob.update(Task, Task.id == mine.id, set_(Task.title, "stolen")) == []
    assert await bob.update(Task, true(), set_(Task.title, "stolen")) == []
    (changed,) = await alice.update(Task, Task.id == mine.id, set_(Task.title, "new"), set_(Task.status, "completed"))
    assert (changed.title, changed.status) == ("new", "completed")
    assert changed.updated_at > mine.updated_at


async def test_append_adds_to_a_document(alice: UserScope) -> None:
    """Two appends leave both entries, in order."""
    task = await alice.insert(Task(title="t"))
    await alice.update(Task, Task.id == task.id, append(Task.logs, LogEntry(type="info", message="1")))
    (row,) = await alice.update(Task, Task.id == task.id, append(Task.logs, LogEntry(type="error", message="2")))
    assert [entry.message for entry in row.logs] == ["1", "2"]


async def test_a_change_needs_a_condition_and_a_value(alice: UserScope) -> None:
    """A forgotten WHERE is an error, not every row."""
    for attempt in (
        lambda: alice.update(Task, set_(Task.title, "x")),
        lambda: alice.update(Task, Task.title == "x"),
        lambda: alice.delete(Task),
    ):
        with pytest.raises(StatementError) as refused:
            await attempt()
        assert refused.value.code is Code.STATEMENT_UNSUPPORTED


async def test_delete_is_soft_where_the_model_says_so(alice: UserScope, bob: UserScope) -> None:
    """A soft-deleted row is left out of everything until it is asked for; hard removes it."""
    task = await alice.insert(Task(title="t"))
    assert await bob.delete(Task, Task.id == task.id) == []
    (gone,) = await alice.delete(Task, Task.id == task.id)
    assert gone.deleted_at is not None
    assert await alice.all(select(Task)) == []
    assert await alice.update(Task, Task.id == task.id, set_(Task.title, "x")) == []
    assert await alice.delete(Task, Task.id == task.id) == []
    assert await alice.one(with_deleted(select(Task.id))) == task.id
    assert await alice.delete(Task, Task.id == task.id, hard=True) == []
    other = await alice.insert(Task(title="u"))
    await alice.delete(Task, Task.id == other.id, hard=True)
    assert await alice.all(with_deleted(select(Task.title))) == ["t"]


async def test_delete_is_final_where_there_is_no_mark(alice: UserScope) -> None:
    """A model without ``deleted_at`` loses the row."""
    note = await alice.insert(Note(text="n"))
    assert [row.id for row in await alice.delete(Note, Note.id == note.id)] == [note.id]
    assert await alice.all(with_deleted(select(Note))) == []


async def test_with_deleted_does_not_reach_another(alice: UserScope, bob: UserScope) -> None:
    """Asking for soft-deleted rows lifts that filter and no other."""
    await alice.insert(Task(title="t"))
    await alice.delete(Task, Task.title == "t")
    assert await bob.all(with_deleted(select(Task))) == []


async def test_insert_all_keeps_the_order_and_all_or_none(alice: UserScope) -> None:
    """One bad row undoes the good ones."""
    rows = await alice.insert_all(Task(title=f"t{number}") for number in range(30))
    assert [row.title for row in rows] == [f"t{number}" for number in range(30)]
    with pytest.raises(UniqueViolationError):
        await alice.insert_all([Task(title="fresh"), Task(title="t3")])
    assert await alice.one(select(func.count()).select_from(Task)) == 30
    assert await alice.insert_all([]) == []


async def test_batch_is_one_transaction(alice: UserScope) -> None:
    """Each statement's rows, as a tuple of lists; an error undoes all of it."""
    await alice.insert(Task(title="a"))
    tasks, titles, counted = await alice.batch(
        select(Task), select(Task.title, Task.priority), select(func.count()).select_from(Task)
    )
    assert ([task.title for task in tasks], titles, counted) == (["a"], [("a", 0)], [1])
    with pytest.raises(UniqueViolationError):
        await alice.batch(
            insert(Task).values(user_id=ALICE, title="b").returning(Task.id),
            insert(Task).values(user_id=ALICE, title="a").returning(Task.id),
        )
    assert await alice.all(select(Task.title)) == ["a"]


async def test_a_reference_cannot_leave_its_owner(alice: UserScope, bob: UserScope) -> None:
    """The same error for another's task and for none: existence is not told."""
    task = await alice.insert(Task(title="t"))
    assert (await alice.insert(Message(task_id=task.id, content="hello"))).task_id == task.id
    errors = []
    for key in (task.id, "01no0such0row0000000000000"):
        with pytest.raises(ForeignKeyError) as refused:
            await bob.insert(Message(task_id=key, content="hello"))
        errors.append(str(refused.value))
    assert errors[0] == errors[1]


async def test_a_row_cannot_be_given_away(alice: UserScope) -> None:
    """Neither by insert nor by update: the one is refused by the policy, the other by a missing privilege."""
    stolen = Task(title="t")
    stolen.user_id = BOB
    with pytest.raises(PolicyViolationError) as refused:
        await alice.insert(stolen)
    assert refused.value.code is Code.POLICY_VIOLATION
    task = await alice.insert(Task(title="t"))
    with pytest.raises(PermissionDeniedError):
        await alice.update(Task, Task.id == task.id, set_(Task.user_id, BOB))


async def test_columns_that_callers_may_not_write(alice: UserScope, db: Database) -> None:
    """They are left out of an INSERT unless they are set, and then PostgreSQL refuses; the service may."""
    with pytest.raises(TypeError):
        Task(title="x", nonsense=1)
    smuggled = Task(title="t")
    smuggled.external_ref = "sandbox"
    with pytest.raises(PermissionDeniedError):
        await alice.insert(smuggled)
    task = await alice.insert(Task(title="t"))
    for assignment in (
        set_(Task.external_ref, "sandbox"),
        set_(Task.created_at, datetime.now(UTC)),
        set_(Task.id, "another"),
    ):
        with pytest.raises(PermissionDeniedError):
            await alice.update(Task, Task.id == task.id, assignment)
    service = db.as_service(reason="test", owner=ALICE)
    (row,) = await service.update(Task, Task.id == task.id, set_(Task.external_ref, "sandbox"))
    assert row.external_ref == "sandbox"


async def test_columns_that_callers_may_not_read(alice: UserScope, db: Database) -> None:
    """They are not asked for with the model; naming them is refused; the service reads them."""
    row = await alice.insert(Credential(provider="github", value="s3cret"))
    assert "value" not in row.__dict__
    read = await alice.one(select(Credential))
    assert "value" not in read.__dict__
    with pytest.raises(PermissionDeniedError):
        await alice.all(select(Credential.value))
    with pytest.raises(PermissionDeniedError):
        await alice.all(select(Credential.id).where(Credential.value == "s3cret"))
    (changed,) = await alice.update(Credential, Credential.id == row.id, set_(Credential.value, "new"))
    assert "value" not in changed.__dict__
    service = db.as_service(reason="test", owner=ALICE)
    assert (await service.one(select(Credential))).value == "new"


async def test_a_column_that_was_not_read_raises_when_it_is_used(alice: UserScope) -> None:
    """None would be a lie: the column is NOT NULL."""
    row = await alice.insert(Credential(provider="github", value="s3cret"))
    with pytest.raises(DetachedInstanceError):
        _ = row.value


async def test_uuid_owners(alice: UserScope, bob: UserScope, db: Database) -> None:
    """A table whose owner is a UUID compares UUIDs; an id that is none is refused before anything is sent."""
    profile = await alice.insert(Profile(email="a@example.org"))
    assert profile.user_id == UUID(ALICE)
    assert await bob.all(select(Profile)) == []
    assert (await alice.get(Profile, profile.id)).email == "a@example.org"
    with pytest.raises(UniqueViolationError):
        await alice.insert(Profile(email="b@example.org"))
    with pytest.raises(IdentityError) as refused:
        await db.as_user("auth0|12345").all(select(Profile))
    assert refused.value.code is Code.IDENTITY_MALFORMED


async def test_a_row_that_is_its_own_owner(alice: UserScope, bob: UserScope) -> None:
    """Callers see and change the row of their own id."""
    assert [user.id for user in await alice.all(select(User))] == [ALICE]
    assert [user.name for user in await alice.update(User, true(), set_(User.name, "Alice"))] == ["Alice"]
    assert (await bob.one(select(User))).name is None
    with pytest.raises(NotVisibleError):
        await alice.get(User, BOB)


async def test_a_key_that_is_unique_among_all(alice: UserScope, bob: UserScope) -> None:
    """Seen by its owner only, taken for everybody."""
    token = await alice.insert(Token(hint="t"))
    assert await bob.all(select(Token)) == []
    copied = Token(hint="u")
    copied.id = token.id
    with pytest.raises(UniqueViolationError):
        await bob.insert(copied)


async def test_an_owner_of_some_commands(alice: UserScope, db: Database) -> None:
    """Events are added and read; changing or removing them is the service's."""
    event = await alice.insert(Event(kind="login"))
    assert [each.id for each in await alice.all(select(Event))] == [event.id]
    with pytest.raises(PermissionDeniedError):
        await alice.update(Event, Event.id == event.id, set_(Event.kind, "x"))
    with pytest.raises(PermissionDeniedError):
        await alice.delete(Event, Event.id == event.id)
    assert len(await db.as_service(reason="test", owner=ALICE).delete(Event, true())) == 1


async def test_a_shared_row_is_read_by_all_and_written_by_its_owner(alice: UserScope, bob: UserScope) -> None:
    """A policy of the table's own replaces the owner filter of that command, and of no other."""
    await alice.insert_all([Note(text="private"), Note(text="shared", shared=True)])
    assert await bob.all(select(Note.text)) == ["shared"]
    assert await bob.update(Note, Note.text == "shared", set_(Note.text, "x")) == []
    assert await bob.delete(Note, Note.text == "shared") == []
    assert sorted(await alice.all(select(Note.text))) == ["private", "shared"]


async def test_a_public_table(alice: UserScope, anon: AnonymousScope, db: Database) -> None:
    """Everybody reads, the service writes."""
    service = db.as_service(reason="test")
    await service.insert(Announcement(text="hello"))
    for scope in (alice, anon):
        assert await scope.all(select(Announcement.text)) == ["hello"]
        with pytest.raises(PermissionDeniedError):
            await scope.insert(Announcement(text="x"))
        with pytest.raises(PermissionDeniedError):
            await scope.delete(Announcement, true())


async def test_a_table_of_the_service(alice: UserScope, anon: AnonymousScope, db: Database) -> None:
    """Callers have no privilege on it."""
    await db.as_service(reason="test").insert(Job(payload="p"))
    for scope in (alice, anon):
        with pytest.raises(PermissionDeniedError):
            await scope.all(select(Job))


async def test_a_policy_that_looks_into_another_table(alice: UserScope, bob: UserScope, db: Database) -> None:
    """Members of a team see its boards; a member of another team does not."""
    service = db.as_service(reason="test", all_users=True)
    await service.insert_all([Board(team="red", title="r"), Board(team="blue", title="b")])
    for user, team in ((ALICE, "red"), (BOB, "blue")):
        member = Member(team=team)
        member.user_id = user
        await service.insert(member)
    assert await alice.all(select(Board.title)) == ["r"]
    assert await bob.all(select(Board.title)) == ["b"]


async def test_an_outer_join_gives_none_for_a_missing_side(alice: UserScope) -> None:
    """The row of the left side stays, with None for the model on the right."""
    await alice.insert(Task(title="t"))
    joined = select(Task, Message).outerjoin(Message, (Message.task_id == Task.id) & (Message.user_id == Task.user_id))
    ((task, message),) = await alice.all(joined)
    assert (task.title, message) == ("t", None)


async def test_joins_aliases_unions_and_lists(alice: UserScope, bob: UserScope) -> None:
    """What SQLAlchemy can say about one's own rows works, and reaches no other's."""
    task = await alice.insert(Task(title="t", priority=3))
    await alice.insert(Message(task_id=task.id, content="c"))
    other = aliased(Task)
    pairs = select(Task, other).join(other, other.id == Task.id)
    ((one, two),) = await alice.all(pairs)
    assert (one.id, two.id) == (task.id, task.id)
    assert await alice.all(select(Message.content).join(Task, Task.id == Message.task_id)) == ["c"]
    both = union_all(select(Task.title), select(Message.content))
    assert sorted(await alice.all(both)) == ["c", "t"]
    assert await bob.all(both) == []
    for wanted, found in ((["t", "x"], ["t"]), (["x"], []), ([], []), (["a", "b", "t"], ["t"])):
        assert await alice.all(select(Task.title).where(Task.title.in_(wanted))) == found


async def test_inserts_of_core(alice: UserScope) -> None:
    """Statements written with tables run too: several rows of values, and INSERT from SELECT."""
    added = insert(Task).values([{"user_id": ALICE, "title": "a"}, {"user_id": ALICE, "title": "b"}])
    assert sorted(await alice.all(added.returning(Task.title))) == ["a", "b"]
    copied = insert(Note).from_select(["user_id", "id", "text"], select(Task.user_id, Task.id, Task.title))
    assert sorted(await alice.all(copied.returning(Note.text))) == ["a", "b"]


async def test_constraints_name_columns_and_never_values(alice: UserScope) -> None:
    """Unique, CHECK and NOT NULL violations are errors of their own."""
    await alice.insert(Task(title="s3cret"))
    with pytest.raises(UniqueViolationError) as unique:
        await alice.insert(Task(title="s3cret"))
    assert unique.value.constraint == "uq_tasks_user_id_title"
    with pytest.raises(CheckViolationError) as check:
        await alice.all(insert(Task).values(user_id=ALICE, title="t", status="s3cret").returning(Task.id))
    assert check.value.constraint == "ck_tasks_status"
    with pytest.raises(NotNullError) as null:
        await alice.all(insert(Task).values(user_id=ALICE, title=None, status="pending").returning(Task.id))
    assert null.value.columns == ("title",)
    for caught in (unique, check, null):
        assert "s3cret" not in str(caught.value)
        assert ALICE not in str(caught.value)


async def test_a_document_that_does_not_fit_is_refused_before_it_is_sent(alice: UserScope) -> None:
    """The error says where, never what."""
    with pytest.raises(StatementError) as refused:
        await alice.insert(Task(title="t", logs=[{"type": "s3cret", "message": "m"}]))  # type: ignore[list-item]
    assert refused.value.code is Code.VALUE_INVALID
    assert "s3cret" not in f"{refused.value} {refused.value.__cause__}"


@pytest.mark.parametrize("statement", [text("select 1"), select(1).exists()], ids=["text", "expression"])
async def test_what_is_no_statement_of_sqlalchemys_is_refused(alice: UserScope, statement: object) -> None:
    """Text runs with raw(), which takes a connection of its own."""
    with pytest.raises((StatementError, AttributeError)):
        await alice.all(statement)  # type: ignore[call-overload]


async def test_a_table_of_other_metadata_is_refused(alice: UserScope) -> None:
    """A table without rules cannot be filtered, so it is not asked."""
    stranger = Table("tasks", MetaData(), Column("id", Text), schema="public")
    with pytest.raises(DeclarationError) as refused:
        await alice.all(select(stranger))
    assert refused.value.code is Code.ACCESS_UNDECLARED


async def test_a_scope_is_a_value(alice: UserScope) -> None:
    """Making one opens nothing; its repr tells nothing."""
    assert repr(alice) == "<UserScope>"
    assert await alice.all(update(Task).where(Task.title == "none").values(priority=1)) == []


async def test_an_insert_that_asks_for_nothing_gives_nothing(alice: UserScope) -> None:
    """Written with SQLAlchemy's insert(), with a value or an expression."""
    assert await alice.all(insert(Task).values(title="a")) == []
    assert await alice.all(insert(Task).values(title=func.upper("b"))) == []
    assert sorted(await alice.all(select(Task.title))) == ["B", "a"]
