"""Threat: ``...; commit; reset role; set role ...``: a second statement ends the transaction that holds the identity."""

from __future__ import annotations

import pytest

from freehold import Database
from freehold.errors import FreeholdError
from tests.attack.platform import BOB, Platform

STACKED = (
    "select 1; commit; reset role; select current_user",
    "select 1; rollback; select id from public.tasks",
    "select 1 /* ; */; set role service_role",
    "commit; select 1",
)


@pytest.mark.parametrize("statement", STACKED)
async def test_a_second_statement_is_refused(db: Database, statement: str) -> None:
    """The extended protocol takes one statement; the next raw call is the caller's own again."""
    bob = db.as_user(BOB)
    with pytest.raises(FreeholdError):
        await bob.raw(statement)  # type: ignore[arg-type]
    assert await bob.raw("select current_user::text, auth.jwt() ->> 'sub'") == [("authenticated", BOB)]


@pytest.mark.parametrize("statement", ["commit", "rollback", "begin", "end", "/* */ commit and chain", "abort"])
async def test_a_transaction_is_not_ended_from_inside(db: Database, statement: str) -> None:
    """A lone COMMIT would do the same; it is refused before it is sent."""
    with pytest.raises(FreeholdError, match="may not begin or end a transaction"):
        await db.as_user(BOB).raw(statement)  # type: ignore[arg-type]


def test_control(platform: Platform) -> None:
    """By the simple protocol the same text escapes: the role is the login's, and no claims are left."""
    login = platform.login
    login.execute("BEGIN")
    login.execute("SELECT set_config('role', 'authenticated', true)")
    cursor = login.execute("select 1; commit; reset role; select current_user = session_user")
    while cursor.nextset():
        pass
    assert cursor.fetchone() == (True,)
