"""Threat: the login role itself: reading others' statements, ending their connections, changing its own attributes.

Signed in or not, a caller is not the login role and may do none of it. Whoever can send SQL of their own choice can
RESET ROLE first; what then remains possible is shown, and written down as what is not stopped.
"""

from __future__ import annotations

import pytest

from freehold.identity import ANONYMOUS, Identity
from freehold.wire import connect
from tests.attack.attempt import sent
from tests.attack.platform import BOB, Platform

SELF = (
    "ALTER ROLE CURRENT_USER SUPERUSER",
    'ALTER ROLE "{login}" BYPASSRLS',
    'ALTER ROLE "{login}" CREATEROLE',
    'ALTER ROLE "{login}" INHERIT',
    'GRANT service_role TO "{login}"',
    'GRANT "{login}_owner" TO "{login}"',
    'ALTER ROLE "{login}" SET row_security = off',
    "CREATE ROLE mine SUPERUSER",
    "ALTER TABLE public.tasks DISABLE ROW LEVEL SECURITY",
    "DROP POLICY tasks_select_authenticated ON public.tasks",
    "COPY public.tasks TO PROGRAM 'cat'",
    "SELECT pg_read_file('/etc/passwd')",
)


@pytest.mark.parametrize("statement", SELF)
def test_a_caller_gives_itself_nothing(platform: Platform, statement: str) -> None:
    """Neither a user, nor somebody who is not signed in."""
    text = statement.format(login=platform.login.info.user)
    for identity in (Identity.user(BOB), ANONYMOUS):
        assert sent(platform.login, identity, text) in ("42501", "0LP01"), text


@pytest.mark.parametrize("statement", [each for each in SELF if "SET row_security" not in each])
def test_the_login_itself_gives_itself_nothing(platform: Platform, statement: str) -> None:
    """With nothing set, as after RESET ROLE: no attribute, no membership, no DDL, no file."""
    text = statement.format(login=platform.login.info.user)
    assert sent(platform.login, None, text) == "42501", text


def test_a_grant_has_no_effect(platform: Platform) -> None:
    """Without the grant option PostgreSQL only warns; nobody can do more afterwards."""
    can = "SELECT has_table_privilege('anon', 'public.tasks', 'SELECT')"
    for identity in (None, Identity.user(BOB)):
        assert sent(platform.login, identity, "GRANT ALL ON public.tasks TO PUBLIC", can) in ([(False,)], "42501")


def test_a_sibling_is_neither_read_nor_ended(platform: Platform) -> None:
    """As a caller: the texts of other connections of the same login are hidden, and they cannot be cancelled."""
    with connect(platform.endpoints.login) as sibling:
        sibling.execute("SELECT 'a secret of somebody'")
        pid = sibling.info.backend_pid
        seen = f"SELECT query FROM pg_stat_activity WHERE pid = {pid}"
        for identity in (Identity.user(BOB), ANONYMOUS):
            assert "secret" not in str(sent(platform.login, identity, seen))
            for function in ("pg_cancel_backend", "pg_terminate_backend"):
                assert sent(platform.login, identity, f"SELECT {function}({pid})") == "42501"


def test_what_is_not_stopped(platform: Platform) -> None:
    """The control, and the limit: after RESET ROLE the login reads its siblings, cancels them, sets its password."""
    with connect(platform.endpoints.login) as sibling:
        sibling.execute("SELECT 'a secret of somebody'")
        pid = sibling.info.backend_pid
        seen = f"SELECT query FROM pg_stat_activity WHERE pid = {pid}"
        assert "secret" in str(sent(platform.login, Identity.user(BOB), "RESET ROLE", seen))
        assert sent(platform.login, Identity.user(BOB), "RESET ROLE", f"SELECT pg_cancel_backend({pid})") == [(True,)]
    login = platform.login.info.user
    assert sent(platform.login, Identity.user(BOB), "RESET ROLE", f"ALTER ROLE \"{login}\" PASSWORD 'x'") == []
