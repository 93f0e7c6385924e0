"""Threat: an operator, function or table of the attacker's, in a schema that is searched, runs in somebody's statement."""

from __future__ import annotations

from freehold.identity import ANONYMOUS, Identity
from tests.attack.attempt import sent
from tests.attack.platform import BOB, Platform

FUNCTION = "CREATE FUNCTION {}.same(text, text) RETURNS boolean LANGUAGE sql AS 'SELECT true'"
OPERATOR = "CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = text, FUNCTION = public.same)"
PATH = "SELECT set_config('search_path', 'public, pg_catalog', true)"


def test_nothing_can_be_made_where_names_are_searched(platform: Platform) -> None:
    """Not in public, auth, freehold or pg_temp, nor in a schema of one's own."""
    for identity in (None, Identity.user(BOB), ANONYMOUS):
        for schema in ("public", "auth", "freehold", "pg_catalog", "pg_temp"):
            assert sent(platform.login, identity, FUNCTION.format(schema)) == "42501", schema
        assert sent(platform.login, identity, "CREATE SCHEMA mine") == "42501"
        assert (
            sent(
                platform.login,
                identity,
                "CREATE OR REPLACE FUNCTION auth.jwt() RETURNS jsonb LANGUAGE sql AS 'SELECT null'",
            )
            == "42501"
        )


def test_control(unprotected: Platform) -> None:
    """With CREATE the operator is made, and answers for ``=`` where the path puts it first."""
    unprotected.superuser.execute("GRANT CREATE ON SCHEMA public TO authenticated")
    try:
        found = sent(
            unprotected.login,
            Identity.user(BOB),
            FUNCTION.format("public"),
            OPERATOR,
            PATH,
            "SELECT 'a'::text = 'b'::text",
        )
    finally:
        unprotected.superuser.execute("REVOKE CREATE ON SCHEMA public FROM authenticated")
    assert found == [(True,)]


def test_policies_do_not_look_names_up_again(platform: Platform) -> None:
    """Even with such an operator in front, made by a superuser, the policies compare as they were made."""
    platform.superuser.execute(FUNCTION.format("public").encode())
    platform.superuser.execute(OPERATOR.encode())
    try:
        assert sent(platform.login, Identity.user(BOB), PATH, "SELECT user_id FROM public.tasks") == [(BOB,)]
    finally:
        platform.superuser.execute("DROP FUNCTION public.same(text, text) CASCADE")
