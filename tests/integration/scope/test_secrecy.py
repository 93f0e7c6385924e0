"""No claim, parameter or row value in an error, a repr or a log."""

from __future__ import annotations

import logging
import traceback

import pytest
from sqlalchemy import Integer, cast, func, insert, select, true

from freehold import Database, Limits, UserScope, set_
from freehold.errors import FreeholdError
from tests.integration.conftest import ALICE
from tests.integration.scope.models import Credential, LogEntry, Message, Note, Profile, Task

SECRET = "s3cret-value"

MISTAKES = {
    "unique": lambda a: a.insert_all([Task(title=SECRET), Task(title=SECRET)]),
    "foreign key": lambda a: a.insert(Message(task_id=SECRET, content=SECRET)),
    "check": lambda a: a.all(insert(Task).values(user_id=ALICE, title="t", status=SECRET).returning(Task.id)),
    "null": lambda a: a.all(insert(Note).values(user_id=ALICE, text=None, shared=False).returning(Note.id)),
    "policy": lambda a: a.all(insert(Note).values(user_id=SECRET, text=SECRET).returning(Note.id)),
    "cast": lambda a: a.all(select(cast(func.concat(SECRET, Task.title), Integer))),
    "cast of a constant": lambda a: a.all(select(cast(func.concat(SECRET), Integer))),
    "raw cast": lambda a: a.raw("select $1::text::int", SECRET),
    "json": lambda a: a.raw("select $1::text::jsonb", SECRET),
    "uuid": lambda a: a.all(select(Profile).where(Profile.id == SECRET)),
    "raised": lambda a: a.raw("do $$ begin raise exception 's3cret-value'; end $$"),
    "privilege": lambda a: a.all(select(Credential.value).where(Credential.value == SECRET)),
    "document": lambda a: a.insert(Task(title="t", logs=[{"type": SECRET, "message": SECRET}])),
    "division": lambda a: a.all(select(Task.priority / func.length(func.nullif(SECRET, SECRET + "x")) * 1 / 0)),
    "timeout": lambda a: a.all(select(func.pg_sleep(1)).where(func.length(SECRET) > 1)),
    "no function": lambda a: a.all(select(func.no_such_function(SECRET))),
    "no row": lambda a: a.get(Task, SECRET),
    "type": lambda a: a.update(Task, true(), set_(Task.priority, SECRET)),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
async def test_errors(db: Database, mistake, caplog: pytest.LogCaptureFixture) -> None:
    """Neither in the text, nor in what a traceback prints, nor in a log of everything."""
    alice = db.as_user({"sub": ALICE, "email": f"{SECRET}@example.org"}, limits=Limits(statement=0.3))
    await alice.insert(Task(title="seed"))
    with caplog.at_level(logging.DEBUG), pytest.raises(FreeholdError) as caught:
        await mistake(alice)
    shown = "".join(traceback.format_exception_only(caught.value))
    cause = caught.value.__cause__
    shown += "" if cause is None else "".join(traceback.format_exception_only(cause))
    shown += repr(caught.value) + repr(vars(caught.value))
    assert SECRET not in shown
    assert ALICE not in shown
    assert SECRET not in caplog.text


async def test_reprs(db: Database, alice: UserScope) -> None:
    """A row shows its key; scopes, identities, callers, calls and steps show nothing."""
    row = await alice.insert(Task(title=SECRET, logs=[LogEntry(type="info", message=SECRET)]))
    assert repr(row) == f"<Task user_id={ALICE!r} id={row.id!r}>"
    call = alice._planner.call(select(Task).where(Task.title == SECRET), alice._caller.filter, ALICE)
    shown = [alice, db, alice._caller.identity, alice._caller, alice._caller.step, call, set_(Task.title, SECRET)]
    for each in shown:
        assert SECRET not in repr(each), type(each)
        assert ALICE not in repr(each), type(each)
