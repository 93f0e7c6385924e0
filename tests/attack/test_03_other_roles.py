"""Threat: the login becomes another role: SET ROLE, set_config('role'), SET SESSION AUTHORIZATION, for every role."""

from __future__ import annotations

from freehold.identity import Identity
from tests.attack.attempt import sent
from tests.attack.platform import BOB, Platform

WAYS = (
    'SET ROLE "{}"',
    'SET LOCAL ROLE "{}"',
    "SELECT set_config('role', '{}', true)",
    'SET SESSION AUTHORIZATION "{}"',
    "SELECT set_config('session_authorization', '{}', true)",
)


def test_only_the_callers_roles_are_to_be_had(platform: Platform) -> None:
    """Every role of the server, by every way, signed in or with nothing set; anon and authenticated alone are had."""
    roles = [str(row[0]) for row in platform.superuser.execute("SELECT rolname::text FROM pg_roles").fetchall()]
    own = platform.login.info.user
    assert {"service_role", "postgres", "pg_read_all_data", f"{own}_owner", f"{own}_service"} <= set(roles)
    for role in set(roles) - {"anon", "authenticated", own}:
        for way in WAYS:
            for identity in (None, Identity.user(BOB)):
                assert sent(platform.login, identity, way.format(role)) == "42501", (role, way)


def test_control(platform: Platform) -> None:
    """The ways work where they may: for the roles of callers, and for a superuser with any."""
    assert sent(platform.login, None, 'SET ROLE "anon"', "SELECT current_user::text") == [("anon",)]
    for way in WAYS:
        found = sent(platform.superuser, None, way.format("service_role"), "SELECT current_user::text")
        assert found == [("service_role",)], way
