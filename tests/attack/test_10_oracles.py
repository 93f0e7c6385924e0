"""Threat: a unique key, ON CONFLICT or MERGE tells whether a row of somebody else exists, or changes it."""

from __future__ import annotations

import pytest

from freehold.identity import Identity
from tests.attack.attempt import sent
from tests.attack.platform import ALICE, BOB, Platform

INSERT = "INSERT INTO public.connectors (id, user_id, name) VALUES ('{id}', '{user}', '{name}')"
TAKEN = INSERT.format(id=f"{ALICE}-connectors", user=BOB, name="theirs")
UPSERTS = {
    "do nothing": f"{INSERT.format(id=f'{ALICE}-connectors', user=ALICE, name='n')} ON CONFLICT DO NOTHING RETURNING name",
    "do update": (
        f"{INSERT.format(id=f'{ALICE}-connectors', user=ALICE, name='x')}"
        " ON CONFLICT (user_id, id) DO UPDATE SET name = 'changed' RETURNING name"
    ),
    "merge": (
        f"MERGE INTO public.connectors c USING (SELECT '{ALICE}-connectors' AS id) s ON c.id = s.id AND c.user_id = '{ALICE}'"
        " WHEN MATCHED THEN UPDATE SET name = 'changed'"
        f" WHEN NOT MATCHED THEN INSERT (id, user_id, name) VALUES ('m', '{ALICE}', 'n')"
    ),
}


def test_anothers_keys_are_free(platform: Platform) -> None:
    """A row of one's own may have the id and the name of another's: the answer does not tell that they exist."""
    assert sent(platform.login, Identity.user(BOB), f"{TAKEN} RETURNING user_id") == [(BOB,)]


def test_control_of_the_key(unprotected: Platform) -> None:
    """With a key that leaves the owner out the error says that the row exists."""
    unprotected.superuser.execute("CREATE UNIQUE INDEX everybodys ON public.connectors (id)")
    try:
        assert sent(unprotected.login, Identity.user(BOB), TAKEN) == "23505"
    finally:
        unprotected.superuser.execute("DROP INDEX public.everybodys")


@pytest.mark.parametrize("form", UPSERTS)
def test_an_upsert_reaches_nothing(platform: Platform, form: str) -> None:
    """The new row is refused before the old one is looked at; the answer is the same when there is no old one."""
    there = sent(platform.login, Identity.user(BOB), UPSERTS[form])
    platform.superuser.execute(f"DELETE FROM public.connectors WHERE user_id = '{ALICE}'".encode())
    gone = sent(platform.login, Identity.user(BOB), UPSERTS[form])
    assert there == gone == "42501"


@pytest.mark.parametrize("form", ["do update", "merge"])
def test_control_of_the_upsert(unprotected: Platform, form: str) -> None:
    """Without protection the row is changed."""
    name = f"SELECT name FROM public.connectors WHERE user_id = '{ALICE}'"
    assert sent(unprotected.login, Identity.user(BOB), UPSERTS[form], name) == [("changed",)]
