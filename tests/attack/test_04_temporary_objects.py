"""Threat: a temporary table with a trigger, made in one request, takes the place of a table in somebody's next one."""

from __future__ import annotations

from freehold.identity import ANONYMOUS, Identity
from tests.attack.attempt import sent
from tests.attack.platform import BOB, Platform

ATTEMPTS = (
    "CREATE TEMP TABLE tasks (id text, prompt text)",
    "CREATE TEMP VIEW tasks AS SELECT 1 AS id",
    "CREATE TEMP SEQUENCE s",
    "SELECT 1 AS id INTO TEMP tasks",
    "CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
)


def test_nothing_temporary_can_be_made(platform: Platform) -> None:
    """By the login itself, signed in, and not signed in."""
    for attempt in ATTEMPTS:
        for identity in (None, Identity.user(BOB), ANONYMOUS):
            assert sent(platform.login, identity, attempt) == "42501", attempt


def test_control(unprotected: Platform) -> None:
    """With the privilege the temporary table hides the real one from whoever leaves the schema out."""
    database = unprotected.login.info.dbname
    unprotected.superuser.execute(f'GRANT TEMPORARY ON DATABASE "{database}" TO PUBLIC'.encode())
    try:
        found = sent(
            unprotected.login,
            Identity.user(BOB),
            ATTEMPTS[0],
            "INSERT INTO tasks VALUES ('x', 'planted')",
            "SELECT prompt FROM tasks",
        )
    finally:
        unprotected.superuser.execute(f'REVOKE TEMPORARY ON DATABASE "{database}" FROM PUBLIC'.encode())
    assert found == [("planted",)]
