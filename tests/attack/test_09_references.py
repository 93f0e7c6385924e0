"""Threat: foreign keys, cascades and TRUNCATE, which PostgreSQL runs past row security, reach another user's rows."""

from __future__ import annotations

import pytest

from freehold.identity import Identity
from tests.attack.attempt import sent
from tests.attack.platform import ALICE, BOB, MODELS, Platform

MESSAGE = "INSERT INTO public.task_messages (id, user_id, task_id, content) VALUES ('m', '{0}', '{1}-tasks', 'c')"


def test_a_message_does_not_refer_to_anothers_task(platform: Platform) -> None:
    """The answer is that of a task that does not exist, so that it tells nothing; one's own is accepted."""
    bob = Identity.user(BOB)
    refused = sent(platform.login, bob, MESSAGE.format(BOB, ALICE))
    missing = sent(platform.login, bob, MESSAGE.format(BOB, "nobody"))
    assert refused == missing == "23503"
    assert sent(platform.login, bob, MESSAGE.format(BOB, BOB)) == []


def test_control_of_the_reference(unprotected: Platform) -> None:
    """With a key that leaves the owner out the message is attached to another's task, and goes when the task goes."""
    admin = unprotected.superuser
    admin.execute("BEGIN")
    try:
        admin.execute("ALTER TABLE public.task_messages DROP CONSTRAINT fk_task_messages_user_id_task_id_tasks")
        admin.execute("CREATE UNIQUE INDEX by_id ON public.tasks (id)")
        admin.execute(
            "ALTER TABLE public.task_messages ADD FOREIGN KEY (task_id) REFERENCES public.tasks (id) ON DELETE CASCADE"
        )
        admin.execute(MESSAGE.format(BOB, ALICE).encode())
        admin.execute(f"DELETE FROM public.tasks WHERE user_id = '{ALICE}'".encode())
        assert admin.execute("SELECT FROM public.task_messages WHERE id = 'm'").fetchall() == []
    finally:
        admin.execute("ROLLBACK")


def test_a_cascade_stays_with_its_user(platform: Platform) -> None:
    """When a user is erased, what goes is theirs, in every table."""
    before = {table: platform.rows_of(table, ALICE) for table in MODELS}
    platform.superuser.execute(f"DELETE FROM public.users WHERE id = '{BOB}'".encode())
    assert {table: platform.rows_of(table, ALICE) for table in MODELS} == before
    assert {platform.rows_of(table, BOB) for table in MODELS} == {""}


@pytest.mark.parametrize("table", MODELS)
def test_truncate_is_refused(platform: Platform, unprotected: Platform, table: str) -> None:
    """It would ignore every policy; the control has the privilege, and loses all rows."""
    statement = f"TRUNCATE public.{table} CASCADE"
    for identity in (None, Identity.user(BOB)):
        assert sent(platform.login, identity, statement) == "42501"
    emptied = sent(unprotected.superuser, None, statement, f"SELECT count(*) FROM public.{table}")
    assert emptied == [(0,)]
