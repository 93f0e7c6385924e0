"""The gate: each verb is one round trip, counted by the messages on the wire."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import insert, select, update

from freehold import AnonymousScope, Database, UserScope, append, set_
from freehold.wire import PoolSize
from tests.integration.conftest import ALICE
from tests.integration.scope.models import Announcement, LogEntry, Note, Task
from tests.integration.scope.trace import Wire

Verb = Callable[[UserScope, Task], Awaitable[object]]

VERBS: dict[str, tuple[Verb, int]] = {
    "all": (lambda a, t: a.all(select(Task)), 1),
    "all columns": (lambda a, t: a.all(select(Task.id, Task.title)), 1),
    "all in": (lambda a, t: a.all(select(Task).where(Task.title.in_(["a", "b"]))), 1),
    "first": (lambda a, t: a.first(select(Task)), 1),
    "one": (lambda a, t: a.one(select(Task).where(Task.id == t.id)), 1),
    "get": (lambda a, t: a.get(Task, t.id), 1),
    "insert": (lambda a, t: a.insert(Note(text="n")), 1),
    "insert_all": (lambda a, t: a.insert_all([Note(text=str(n)) for n in range(20)]), 1),
    "update": (lambda a, t: a.update(Task, Task.id == t.id, set_(Task.priority, 1)), 1),
    "append": (
        lambda a, t: a.update(Task, Task.id == t.id, append(Task.logs, LogEntry(type="info", message="m"))),
        1,
    ),
    "delete": (lambda a, t: a.delete(Note, Note.text == "none"), 1),
    "soft delete": (lambda a, t: a.delete(Task, Task.title == "none"), 1),
    "core insert": (lambda a, t: a.all(insert(Note).values(user_id=ALICE, text="c").returning(Note.id)), 1),
    "core update": (lambda a, t: a.all(update(Task).values(priority=2).returning(Task.id)), 1),
    "batch": (lambda a, t: a.batch(select(Task), select(Task.title), select(Note)), 3),
}


@pytest.fixture
def size() -> PoolSize:
    """One shared connection, so that all of it is heard."""
    return PoolSize(largest=2, shared=1, patience=5.0)


@pytest.mark.parametrize(("verb", "statements"), VERBS.values(), ids=VERBS)
@pytest.mark.parametrize("prepared", [False, True], ids=["first", "again"])
async def test_a_verb_is_one_round_trip(
    wire: Wire, alice: UserScope, verb: Verb, statements: int, prepared: bool
) -> None:
    """One Sync, one flush; the identity and the statements before it; no BEGIN, no COMMIT; one transaction."""
    task = await alice.insert(Task(title="t"))
    if prepared:
        await verb(alice, task)
        await alice.all(select(Task.priority))
    (link,) = wire.links
    before = link.round_trips
    wire.messages()
    await verb(alice, task)
    messages = wire.messages()
    answered = next(number for number, line in enumerate(messages) if line.startswith("B"))
    sent = [line.split("\t")[2] for line in messages[:answered]]
    assert sent.count("Sync") == 1
    assert sent[-1] == "Sync"
    assert sent.count("Execute") == statements + 1
    assert sent.count("Query") == 0
    assert not any("BEGIN" in line or "COMMIT" in line for line in messages)
    if prepared:
        assert "Parse" not in sent
        assert link.round_trips - before == 1


async def test_the_whole_exchange_as_libpq_shows_it(wire: Wire, alice: UserScope) -> None:
    """What travels for a prepared statement, message by message."""
    await alice.all(select(Task.title))
    wire.messages()
    await alice.all(select(Task.title))
    kinds = [tuple(line.split("\t")[::2][:2]) for line in wire.messages()]
    assert kinds == [
        ("F", "Bind"),
        ("F", "Describe"),
        ("F", "Execute"),
        ("F", "Bind"),
        ("F", "Describe"),
        ("F", "Execute"),
        ("F", "Sync"),
        ("B", "BindComplete"),
        ("B", "RowDescription"),
        ("B", "DataRow"),
        ("B", "CommandComplete"),
        ("B", "BindComplete"),
        ("B", "RowDescription"),
        ("B", "CommandComplete"),
        ("B", "ReadyForQuery"),
    ]


async def test_anonymous_and_service_scopes_take_one_too(wire: Wire, db: Database, anon: AnonymousScope) -> None:
    """The gate holds for every kind of scope."""
    service = db.as_service(reason="test", owner=ALICE)
    for verb in (lambda: anon.all(select(Announcement)), lambda: service.all(select(Task))):
        await verb()
        wire.messages()
        await verb()
        assert wire.sent()["Sync"] == 1


async def test_a_transaction_begins_with_its_first_statement(wire: Wire, alice: UserScope) -> None:
    """BEGIN and the identity travel with it; each further verb is one round trip, and so is COMMIT."""
    async with alice.transaction() as tx:
        assert wire.sent()["Sync"] == 0
        await tx.all(select(Task))
        first = wire.sent()
        assert (first["Sync"], first["Execute"]) == (1, 3)
        await tx.all(select(Task))
        assert wire.sent() == {"Bind": 1, "Describe": 1, "Execute": 1, "Sync": 1}
    assert wire.sent()["Sync"] == 1


async def test_a_transaction_without_a_statement_says_nothing(wire: Wire, alice: UserScope) -> None:
    """Nothing to begin, nothing to commit."""
    async with alice.transaction():
        pass
    assert wire.sent()["Sync"] == 0


async def test_a_statement_is_prepared_once_for_all_callers(wire: Wire, db: Database, alice: UserScope) -> None:
    """Another user's same statement is the same prepared statement, with another owner bound."""
    await alice.insert(Task(title="t"))
    await alice.all(select(Task.title))
    wire.messages()
    assert await db.as_user("somebody-else").all(select(Task.title)) == []
    assert wire.sent()["Parse"] == 0
