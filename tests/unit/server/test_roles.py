"""What a server has becomes what `security.md` says, by the fewest statements."""

from __future__ import annotations

from dataclasses import replace

import pytest

from freehold.server._roles import Membership, RoleFact, RoleNames, refusals, role_statements

NAMES = RoleNames.of("shop")
GOOD = {
    "anon": RoleFact("anon", frozenset()),
    "authenticated": RoleFact("authenticated", frozenset()),
    "service_role": RoleFact("service_role", frozenset({"BYPASSRLS", "INHERIT"})),
    "shop": RoleFact(
        "shop",
        frozenset({"LOGIN"}),
        tuple(Membership(role, False, False, True, "postgres") for role in ("anon", "authenticated")),
    ),
    "shop_service": RoleFact(
        "shop_service", frozenset({"LOGIN"}), (Membership("service_role", False, False, True, "postgres"),)
    ),
    "shop_owner": RoleFact("shop_owner", frozenset({"LOGIN", "INHERIT"})),
}


def test_an_empty_server_gets_six_roles_and_three_grants() -> None:
    """Every attribute is said, so that no default of the server matters."""
    lines = role_statements(NAMES, {}, 18)
    assert [line for line in lines if line.startswith("CREATE")] == [
        'CREATE ROLE "anon" NOLOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS NOREPLICATION;',
        'CREATE ROLE "authenticated" NOLOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS NOREPLICATION;',
        'CREATE ROLE "service_role" NOLOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE BYPASSRLS NOREPLICATION;',
        'CREATE ROLE "shop" LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS NOREPLICATION;',
        'CREATE ROLE "shop_service" LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS NOREPLICATION;',
        'CREATE ROLE "shop_owner" LOGIN INHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS NOREPLICATION;',
    ]
    assert [line.partition(" WITH")[0] for line in lines if line.startswith("GRANT")] == [
        'GRANT "anon" TO "shop"',
        'GRANT "authenticated" TO "shop"',
        'GRANT "service_role" TO "shop_service"',
    ]


def test_a_server_that_is_right_gets_nothing() -> None:
    """Idempotent: no statement, so nothing to fail for lack of privilege."""
    assert role_statements(NAMES, GOOD, 18) == ()


def test_grant_options_exist_from_16_on() -> None:
    """PostgreSQL 15 knows neither INHERIT nor SET options: NOINHERIT of the role does it there."""
    assert 'GRANT "anon" TO "shop";' in role_statements(NAMES, {}, 15)
    assert 'GRANT "anon" TO "shop" WITH ADMIN FALSE, INHERIT FALSE, SET TRUE;' in role_statements(NAMES, {}, 16)


def test_only_the_attributes_that_differ_are_altered() -> None:
    """Naming an attribute at all can need a superuser."""
    drifted = GOOD | {"shop": replace(GOOD["shop"], attributes=frozenset({"LOGIN", "BYPASSRLS", "INHERIT"}))}
    assert role_statements(NAMES, drifted, 18) == ('ALTER ROLE "shop" NOINHERIT NOBYPASSRLS;',)


def test_a_membership_too_many_is_revoked() -> None:
    """The login role becomes anon and authenticated, and nothing else; the grantor must be named from 16 on."""
    extra = Membership("shop_owner", False, True, True, 'o"x')
    drifted = GOOD | {"shop": replace(GOOD["shop"], memberships=(*GOOD["shop"].memberships, extra))}
    assert role_statements(NAMES, drifted, 18) == ('REVOKE "shop_owner" FROM "shop" GRANTED BY "o""x" CASCADE;',)
    assert role_statements(NAMES, drifted, 15) == ('REVOKE "shop_owner" FROM "shop" CASCADE;',)


@pytest.mark.parametrize("change", [{"admin": True}, {"inherit": True}, {"settable": False}])
def test_a_membership_with_other_options_is_granted_anew(change: dict[str, bool]) -> None:
    """Admin would let it grant the role on; inherit would give its privileges without SET ROLE."""
    (service,) = GOOD["shop_service"].memberships
    drifted = GOOD | {"shop_service": replace(GOOD["shop_service"], memberships=(replace(service, **change),))}
    revoke, grant = role_statements(NAMES, drifted, 18)
    assert revoke.startswith('REVOKE "service_role" FROM "shop_service"')
    assert grant.startswith('GRANT "service_role" TO "shop_service"')


@pytest.mark.parametrize(
    ("fact", "fix"),
    [
        (RoleFact("anon", frozenset({"BYPASSRLS"})), 'ALTER ROLE "anon" NOBYPASSRLS;'),
        (RoleFact("authenticated", frozenset({"LOGIN"})), 'ALTER ROLE "authenticated" NOLOGIN;'),
        (RoleFact("service_role", frozenset()), 'ALTER ROLE "service_role" BYPASSRLS;'),
        (RoleFact("service_role", frozenset({"BYPASSRLS", "SUPERUSER"})), 'ALTER ROLE "service_role" NOSUPERUSER;'),
        (RoleFact("anon", frozenset(), escapes=("root",)), 'REVOKE "root" FROM "anon";'),
    ],
)
def test_an_unsafe_shared_role_is_refused_with_its_fix(fact: RoleFact, fix: str) -> None:
    """It belongs to others too, so it is not changed; the SQL is offered."""
    assert refusals(GOOD | {fact.name: fact}) == (fix,)
    assert refusals(GOOD) == ()
