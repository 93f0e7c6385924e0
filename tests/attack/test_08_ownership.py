"""Threat: a row is given to somebody, taken from somebody, or comes with fields that are not the caller's to set."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert, update

from examples.coding_agents.models import Connector, Setting, Task
from freehold import Database
from freehold.errors import FreeholdError, PermissionDeniedError
from freehold.identity import Identity
from freehold.models import table_of
from tests.attack.attempt import sent
from tests.attack.platform import ALICE, BOB, Platform

CLOSED = {"status": "completed", "logs": [], "progress": 100, "pr_url": "https://example.org", "sandbox_id": "x"}


async def test_a_row_is_not_inserted_for_somebody_else(db: Database, platform: Platform) -> None:
    """By a model whose owner was set, and by a statement that names the owner."""
    planted = Setting(key="planted", value="v")
    planted.user_id = ALICE
    table = table_of(Setting)
    row = {"id": "planted", "user_id": ALICE, "key": "planted", "value": "v"}
    for attempt in (lambda s: s.insert(planted), lambda s: s.batch(insert(table).values(row))):
        with pytest.raises(FreeholdError):
            await attempt(db.as_user(BOB))
    assert "planted" not in platform.rows_of("settings", ALICE)


@pytest.mark.parametrize("victim", [ALICE, BOB])
async def test_an_owner_is_not_changed(db: Database, platform: Platform, victim: str) -> None:
    """Neither to give one's own rows away nor to take another's."""
    table = table_of(Connector)
    with pytest.raises(PermissionDeniedError):
        await db.as_user(BOB).batch(update(table).where(table.c.user_id == victim).values(user_id=ALICE))


@pytest.mark.parametrize("field", CLOSED)
async def test_a_closed_field_is_not_assigned(db: Database, field: str) -> None:
    """A mass assignment that passed the HTTP layer fails in PostgreSQL."""
    values: dict[str, Any] = {"id": "t", "user_id": BOB, "prompt": "p", field: CLOSED[field]}
    with pytest.raises(PermissionDeniedError):
        await db.as_user(BOB).batch(insert(table_of(Task)).values(values))


def test_control(unprotected: Platform) -> None:
    """Without protection a row is planted, taken, and says what it likes."""
    for statement in (
        f"INSERT INTO public.settings (id, user_id, key, value) VALUES ('p', '{ALICE}', 'planted', 'v') RETURNING user_id",
        f"UPDATE public.connectors SET user_id = '{ALICE}', name = 'b' WHERE user_id = '{BOB}' RETURNING user_id",
        f"INSERT INTO public.tasks (id, user_id, prompt, progress) VALUES ('t', '{ALICE}', 'p', 100) RETURNING user_id",
    ):
        assert sent(unprotected.login, Identity.user(BOB), statement) == [(ALICE,)]
