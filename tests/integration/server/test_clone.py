"""Clones are whole: rows, privileges on the database, and an owner; names may be anything."""

from __future__ import annotations

import pytest

from freehold.errors import DatabaseError
from freehold.server import EmbeddedServer, bootstrap, create_database, drop_database
from freehold.wire import connect

_TEMPLATE = "template 'of' \"clones\" %s"


def test_a_clone_has_rows_and_privileges(server: EmbeddedServer) -> None:
    """CREATE DATABASE leaves the privileges on the database behind: a clone would let callers have TEMP."""
    name = 'clone\'s "own" %I'
    with connect(server.admin_dsn()) as admin:
        create_database(admin, _TEMPLATE)
        with connect(server.admin_dsn(_TEMPLATE)) as template:
            bootstrap(template, "cloned", {})
            template.execute(b"create table public.t as select 1 as x")
        create_database(admin, name, template=_TEMPLATE, owner="cloned_owner")
        with connect(server.admin_dsn(name)) as clone:
            assert clone.execute(b"select x from public.t").fetchone() == (1,)
            may = b"""select has_database_privilege('anon', current_database(), 'TEMP'),
                             has_database_privilege('cloned', current_database(), 'CONNECT'),
                             (select datdba::regrole::text from pg_database where datname = current_database())"""
            assert clone.execute(may).fetchone() == (False, True, "cloned_owner")
            drop_database(admin, name)  # with the clone's connection open
        drop_database(admin, name)
        drop_database(admin, _TEMPLATE)


def test_a_name_that_is_taken_is_an_error(server: EmbeddedServer) -> None:
    """42P04, for callers who race."""
    with connect(server.admin_dsn()) as admin, pytest.raises(DatabaseError) as caught:
        create_database(admin, "postgres")
    assert caught.value.sqlstate == "42P04"
