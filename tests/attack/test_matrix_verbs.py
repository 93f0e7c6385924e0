"""Threat: the verbs themselves, called by another user or by nobody, with every filter the caller can think of.

The same tables and commands as in raw SQL, through scopes; afterwards the service reads the tables again. The control
is the owner: the same calls reach the row when it is hers, wherever her declaration allows it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, true, update

from freehold import Command, Database, Scope, set_, with_deleted
from freehold.encryption import RingKey, Sealed, TextKeys
from freehold.errors import FreeholdError, NotVisibleError, PermissionDeniedError, StatementError
from freehold.models import places_of, table_of
from freehold.wire import PoolSize
from tests.attack.platform import (
    ALICE,
    BOB,
    CALLERS,
    CAROL,
    MODELS,
    Caller,
    Platform,
    change,
    key_of_row,
    new_row,
    owner_of,
)

Call = Callable[[Scope], Awaitable[Any]]


@pytest.fixture
async def db(platform: Platform) -> AsyncIterator[Database]:
    """The platform's database as the application's login role."""
    keys = TextKeys(RingKey.new("a").text)
    async with Database(
        platform.endpoints.login, keys=keys, size=PoolSize(largest=2, shared=1, patience=5.0)
    ) as database:
        yield database


def calls(table: str, command: Command, victim: str) -> dict[str, Call]:
    """Every verb that can do ``command`` to the victim's row, or plant one on her."""
    model = MODELS[table]
    bare = table_of(model)
    key = key_of_row(table, victim)
    owner = bare.c[owner_of(bare)]
    column, value = change(table)
    chosen: Any = getattr(model, column)
    if command is Command.SELECT:
        return {
            "all": lambda s: s.all(select(bare.c.id)),
            "all of hers": lambda s: s.all(select(bare.c.id).where(owner == victim)),
            "either": lambda s: s.all(select(bare.c.id).where((owner == victim) | true())),
            "deleted": lambda s: s.all(with_deleted(select(bare.c.id))),
            "joined": lambda s: s.all(select(bare.c.id).join(bare.alias("again"), true())),
            "get": lambda s: s.get(model, key),
        }
    if command is Command.UPDATE:
        return {
            "update": lambda s: s.update(model, model.id == key, set_(chosen, value)),  # type: ignore[attr-defined]
            "everything": lambda s: s.update(model, true(), set_(chosen, value)),
            "statement": lambda s: s.all(update(bare).values({column: value}).returning(bare.c.id)),
            "blind": lambda s: s.batch(update(bare).where(bare.c.id == key).values({column: value})),
        }
    if command is Command.DELETE:
        return {
            "delete": lambda s: s.delete(model, model.id == key, hard=True),  # type: ignore[attr-defined]
            "everything": lambda s: s.delete(model, true(), hard=True),
            "statement": lambda s: s.all(delete(bare).returning(bare.c.id)),
            "blind": lambda s: s.batch(delete(bare).where(bare.c.id == key)),
        }
    row: dict[str, Any] = {**new_row(table, "mallory" if table == "users" else victim, "planted")}
    row.update({place.column: Sealed("s") for place in places_of(bare) if place.column in row})
    return {
        "statement": lambda s: s.all(insert(bare).values(row).returning(bare.c.id)),
        "blind": lambda s: s.batch(insert(bare).values(row)),
    }


def _scope(db: Database, caller: Caller) -> Scope:
    return db.as_anon() if caller.name == "anon" else db.as_user({"owner": ALICE, "other": BOB}[caller.name])


CELLS = [pytest.param(table, command, id=f"{table}-{command.value.lower()}") for table in MODELS for command in Command]


@pytest.mark.parametrize("caller", CALLERS[1:3], ids=["other", "anon"])
@pytest.mark.parametrize(("table", "command"), CELLS)
async def test_a_stranger(platform: Platform, db: Database, table: str, command: Command, caller: Caller) -> None:
    """Sees nothing of hers, changes nothing of hers, plants nothing; denied exactly where there is no privilege."""
    expected = caller.expects(table_of(MODELS[table]), command)
    victim = CAROL if command is Command.INSERT else ALICE
    before = [platform.rows_of(table, user) for user in (ALICE, CAROL, "mallory")]
    for name, call in calls(table, command, victim).items():
        try:
            shown = await call(_scope(db, caller))
        except NotVisibleError:
            assert (name, expected) == ("get", "nothing")
        except (PermissionDeniedError, StatementError):
            assert expected == "denied", name
        else:
            assert expected == "nothing", name
            assert key_of_row(table, ALICE) not in repr(shown), name
        assert [platform.rows_of(table, user) for user in (ALICE, CAROL, "mallory")] == before, name


@pytest.mark.parametrize(("table", "command"), CELLS)
async def test_the_owner(platform: Platform, db: Database, table: str, command: Command) -> None:
    """Reaches her row by each of the same calls where the declaration says so, and is denied where it does not."""
    caller = CALLERS[0]
    expected = caller.expects(table_of(MODELS[table]), command)
    for name, call in calls(table, command, ALICE).items():
        if command is Command.INSERT:
            platform.make_room(table)
        before = platform.rows(table)
        try:
            shown = await call(_scope(db, caller))
        except FreeholdError:
            assert expected == "denied", name
        else:
            assert expected == "done", name
            if command is Command.SELECT:
                assert key_of_row(table, ALICE) in repr(shown), name
            assert (platform.rows(table) != before) == (command is not Command.SELECT), name
        platform.restore()
