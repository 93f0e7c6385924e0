"""Threat: a prepared statement's name is taken, or all of them are dropped, so that another caller runs something else."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from sqlalchemy import select

from examples.coding_agents.models import Task
from freehold import Database
from freehold.errors import FreeholdError
from freehold.wire import Link
from tests.attack.platform import ALICE, BOB, Platform


async def test_dropped_names_do_no_harm(db: Database) -> None:
    """Verbs go on with the right rows after everything that raw SQL can do to names."""
    mine = select(Task.user_id)
    for statement in ("deallocate all", "prepare fh_1 as select 'planted'", "discard plans"):
        assert await db.as_user(ALICE).all(mine) == [ALICE]
        with contextlib.suppress(FreeholdError):
            await db.as_user(BOB).raw(statement)  # type: ignore[arg-type]
        assert await db.as_user(ALICE).all(mine) == [ALICE]
        assert await db.as_user(BOB).all(mine) == [BOB]


async def test_names_are_not_to_be_seen(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each connection's names begin with 64 random bits, and a raw statement's connection shows only its own."""
    made: list[str] = []
    begin = Link.__init__

    def noted(link: Link, connection: Any, *, named: bool) -> None:
        begin(link, connection, named=named)
        made.append(link._prefix)

    monkeypatch.setattr(Link, "__init__", noted)
    await db.as_user(ALICE).all(select(Task.id))
    seen = await db.as_user(BOB).raw("select name, statement from pg_prepared_statements")
    assert len(set(made)) == len(made) >= 2
    assert all(len(prefix) == len("fh__") + 16 for prefix in made)
    assert not any("tasks" in statement for _, statement in seen)


def test_control(platform: Platform) -> None:
    """On a connection that is shared as it is, whoever took the name first decides what it runs."""
    platform.login.execute("PREPARE list_tasks AS SELECT 'planted'::text")
    try:
        assert platform.login.execute("EXECUTE list_tasks").fetchone() == ("planted",)
    finally:
        platform.login.execute("DEALLOCATE list_tasks")
