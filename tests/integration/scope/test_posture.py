"""A login role that could step around row security is refused (FH310), and the hint's SQL mends it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

import pytest
from psycopg.conninfo import make_conninfo
from sqlalchemy import select

from freehold import Database
from freehold.errors import Code, RoleError
from freehold.server import Endpoints
from freehold.wire import Connection, PoolSize, connect
from tests.cluster import OWNER, Cluster
from tests.integration.conftest import database_of


@dataclass
class Login:
    """A login role made for one test, as a safe one."""

    name: str
    dsn: str
    admin: Connection

    def alter(self, *statements: str) -> None:
        """Runs statements in which ``{}`` is the role's name."""
        for statement in statements:
            self.admin.execute(statement.format(self.name).encode())

    async def open(self) -> None:
        """What an application does at start-up."""
        await Database(self.dsn, size=PoolSize(1, 1, 5.0)).open()


@pytest.fixture
def login(cluster: Cluster, own_endpoints: Endpoints) -> Iterator[Login]:
    """A role that logs in, inherits nothing, and may become anon and authenticated."""
    name, password = f"fh_posture_{uuid4().hex[:8]}", uuid4().hex
    database = database_of(own_endpoints)
    with connect(cluster.admin_dsn(database)) as admin:
        made = Login(name, make_conninfo(own_endpoints.login, user=name, password=password), admin)
        made.alter(
            "create role {} login noinherit password '" + password + "'",
            "grant anon, authenticated to {}",
            f'grant connect on database "{database}" to {{}}',
        )
        yield made
        made.alter("alter role {} nologin", "drop owned by {}", "drop role {}")


FAULTS: dict[str, tuple[tuple[str, ...], str]] = {
    "superuser": (("alter role {} superuser",), "SUPERUSER"),
    "bypassrls": (("alter role {} bypassrls",), "BYPASSRLS"),
    "createrole": (("alter role {} createrole",), "CREATEROLE"),
    "createdb": (("alter role {} createdb",), "CREATEDB"),
    "replication": (("alter role {} replication",), "REPLICATION"),
    "inherit": (("alter role {} inherit",), "INHERIT"),
    "member of service_role": (("grant service_role to {}",), "service_role"),
    "member of a predefined role": (("grant pg_read_all_data to {}",), "pg_read_all_data"),
    "member of the owner": ((f"grant {OWNER} to {{}}",), OWNER),
    "not a member of authenticated": (("revoke authenticated from {}",), "authenticated"),
    "several things": (("alter role {} inherit createrole bypassrls", "grant service_role to {}"), "BYPASSRLS"),
    "table owner": (
        (
            "grant create on schema public to {}",
            "create table public.mine (a int)",
            "alter table public.mine owner to {}",
        ),
        "owns 1 tables",
    ),
}


async def test_the_application_logs_in_safely(login: Login, own_endpoints: Endpoints) -> None:
    """Positive control: bootstrap's own roles, and the role that these tests spoil, are let in."""
    await login.open()
    async with Database(own_endpoints.login, service_dsn=own_endpoints.service):
        pass


@pytest.mark.parametrize(("faults", "told"), FAULTS.values(), ids=FAULTS)
async def test_an_unsafe_login_is_refused_and_the_hint_mends_it(
    login: Login, faults: tuple[str, ...], told: str
) -> None:
    """The message names the role and what is wrong; running the hint as a superuser puts it right."""
    login.alter(*faults)
    with pytest.raises(RoleError) as refused:
        await login.open()
    error = refused.value
    assert error.code is Code.ROLE_UNSAFE
    assert login.name in error.message
    assert told in (error.detail or "")
    mend = [line.strip() for line in (error.hint or "").splitlines()[1:]]
    assert mend
    for statement in mend:
        login.admin.execute(re.sub("<the role that migrates>", OWNER, statement).encode())
    await login.open()


async def test_through_another_role(login: Login) -> None:
    """A membership of a membership counts."""
    middle = f"{login.name}_m"
    login.alter(f"create role {middle}", f"grant service_role to {middle}", f"grant {middle} to {{}}")
    try:
        with pytest.raises(RoleError) as refused:
            await login.open()
        assert "service_role" in str(refused.value)
        assert middle in str(refused.value)
    finally:
        login.alter(f"drop role {middle}")


async def test_a_membership_that_is_inherited(login: Login) -> None:
    """From PostgreSQL 16 on each grant has an INHERIT of its own, whatever the role's is."""
    if login.admin.info.server_version < 160000:
        pytest.skip("before PostgreSQL 16 INHERIT is the role's alone")
    login.alter("grant authenticated to {} with inherit true")
    with pytest.raises(RoleError):
        await login.open()


async def test_the_two_logins_are_not_interchangeable(own_endpoints: Endpoints) -> None:
    """The service's login is refused for callers, and the callers' for the service."""
    assert own_endpoints.service is not None
    with pytest.raises(RoleError):
        await Database(own_endpoints.service).open()
    with pytest.raises(RoleError):
        await Database(own_endpoints.login, service_dsn=own_endpoints.login).open()
    assert own_endpoints.owner is not None
    with pytest.raises(RoleError):
        await Database(own_endpoints.owner).open()


async def test_a_login_that_becomes_unsafe_later(login: Login) -> None:
    """Every new connection is inspected, not only the first."""
    db = Database(login.dsn, size=PoolSize(largest=2, shared=0, patience=0.5))
    async with db, db.as_user("u").transaction() as tx:
        await tx.raw("select 1")
        login.alter("alter role {} bypassrls")
        with pytest.raises(RoleError):
            await asyncio.wait_for(db.as_user("u").raw("select 1"), 5)


async def test_an_unsafe_login_whose_first_use_is_a_session(login: Login) -> None:
    """A session may be the first thing an application opens, without open()."""
    login.alter("alter role {} bypassrls")
    db = Database(login.dsn)
    try:
        with pytest.raises(RoleError):
            async with db.as_user("u").session() as session:
                await session.execute(select(1))
    finally:
        await db.close()
