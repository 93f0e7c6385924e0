"""bootstrap() on real servers: exactly the roles of the design, again and again, and nothing of a host's touched."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest

from freehold.errors import Code, ConnectionLostError, FreeholdError, PermissionDeniedError, RoleError
from freehold.server import EmbeddedServer, bootstrap, create_database, drop_database
from freehold.wire import Connection, connect, translated

Fresh = Callable[[], tuple[Connection, str]]

_ROLES = """
select rolname, rolcanlogin, rolinherit, rolsuper, rolcreatedb, rolcreaterole, rolbypassrls, rolreplication,
       array(select g.rolname::text from pg_auth_members m join pg_roles g on g.oid = m.roleid
              where m.member = r.oid order by 1)
  from pg_roles r where rolname ~ '^APP(_owner|_service)?$' or rolname in ('anon', 'authenticated', 'service_role') order by 1
"""


def _roles(connection: Connection, app: str) -> dict[object, tuple[object, ...]]:
    rows = connection.execute(_ROLES.replace("APP", app).encode()).fetchall()
    return {str(row[0]).replace(app, "app"): row[1:] for row in rows}


def _one(connection: Connection, query: str) -> object:
    """The first value of the last statement's answer."""
    with translated():
        cursor = connection.execute(query.encode())
    while cursor.nextset():
        pass
    row = cursor.fetchone()
    return row[0] if row else None


def _login(server: EmbeddedServer, app: str, role: str) -> Connection:
    return connect(server.dsn(role.replace("app", app), app))


def test_roles_are_exactly_the_designs(shared: tuple[Connection, str]) -> None:
    """Login, inherit, super, createdb, createrole, bypassrls, replication; and memberships."""
    assert _roles(*shared) == {
        "anon": (False, False, False, False, False, False, False, []),
        "app": (True, False, False, False, False, False, False, ["anon", "authenticated"]),
        "app_owner": (True, True, False, False, False, False, False, []),
        "app_service": (True, False, False, False, False, False, False, ["service_role"]),
        "authenticated": (False, False, False, False, False, False, False, []),
        "service_role": (False, False, False, False, False, True, False, []),
    }


@pytest.mark.parametrize(
    ("login", "role", "may"),
    [
        ("app", "anon", True),
        ("app", "authenticated", True),
        ("app", "service_role", False),
        ("app", "app_owner", False),
        ("app", "app_service", False),
        ("app", "postgres", False),
        ("app_service", "service_role", True),
        ("app_service", "authenticated", False),
        ("app_owner", "authenticated", False),
    ],
)
def test_who_may_become_whom(
    shared: tuple[Connection, str], any_server: EmbeddedServer, login: str, role: str, *, may: bool
) -> None:
    """SET ROLE works for what the login serves, and for nothing else."""
    _, app = shared
    with _login(any_server, app, login) as connection:
        statement = f"set role {role.replace('app', app)}"
        if may:
            _one(connection, f"{statement}; select 1")
            assert _one(connection, "select current_user") == role
        else:
            with pytest.raises(PermissionDeniedError):
                _one(connection, f"{statement}; select 1")


def test_the_login_inherits_nothing(own: tuple[Connection, str], any_server: EmbeddedServer) -> None:
    """Before SET ROLE the login cannot even look into schema public; afterwards the caller can."""
    connection, app = own
    connection.execute(b"create table public.t (); grant select on public.t to authenticated")
    with _login(any_server, app, "app") as login:
        with pytest.raises(PermissionDeniedError):
            _one(login, "select count(*) from public.t")
        _one(login, "set role authenticated; select 1")
        assert _one(login, "select count(*) from public.t") == 0


@pytest.mark.parametrize(
    ("role", "statement", "may"),
    [
        ("app_owner", "create table public.t (id int)", True),
        ("app_owner", "create schema s", True),
        ("app_owner", "create table freehold.ledger (id int)", True),
        ("app", "create table public.t (id int)", False),
        ("app", "set role authenticated; create table public.t (id int)", False),
        ("app", "set role anon; create table public.t (id int)", False),
        ("app", "set role authenticated; create temp table t (id int)", False),
        ("app", "set role authenticated; create schema s", False),
        ("app", "set role authenticated; create table auth.t (id int)", False),
        ("app", "set role authenticated; select freehold.set_updated_at()", False),
        ("app_service", "set role service_role; create temp table t (id int)", False),
        ("app_owner", "create or replace function auth.uid() returns uuid language sql return null::uuid", False),
    ],
)
def test_who_may_create_what(
    shared: tuple[Connection, str], any_server: EmbeddedServer, role: str, statement: str, *, may: bool
) -> None:
    """Only the owner makes objects; callers not even temporary ones, and nobody replaces who the caller is."""
    _, app = shared
    with _login(any_server, app, role) as connection, connection.transaction(force_rollback=True):
        if may:
            assert _one(connection, f"{statement}; select 1") == 1
        else:
            with pytest.raises(PermissionDeniedError):
                _one(connection, f"{statement}; select 1")


def test_others_may_not_connect(shared: tuple[Connection, str], any_server: EmbeddedServer) -> None:
    """CONNECT is for the application's logins: another application's is turned away, ours comes in."""
    connection, app = shared
    connection.execute(f"create role {app}x login password '{any_server.password(f'{app}x')}'".encode())
    with pytest.raises(ConnectionLostError):
        connect(any_server.dsn(f"{app}x", app))
    with _login(any_server, app, "app") as login:
        assert _one(login, "select current_database()") == app
    connection.execute(f"drop role {app}x".encode())


def test_the_functions_answer_as_supabases(shared: tuple[Connection, str], any_server: EmbeddedServer) -> None:
    """From the claims, the legacy settings first, null without, and '' after a transaction counts as without."""
    _, app = shared
    uid = "6f1c1d9e-3a9b-4c4e-9a52-0d3a4e9f2b11"
    answers = "select auth.uid()::text || ' ' || auth.role() || ' ' || auth.email() || ' ' || (auth.jwt() ->> 'x')"
    with _login(any_server, app, "app") as login:
        _one(login, "set role authenticated; select 1")
        assert _one(login, "select coalesce(auth.uid()::text, auth.role(), auth.email(), auth.jwt()::text)") is None
        claims = f'{{"sub": "{uid}", "role": "authenticated", "email": "a@b.example", "x": "y"}}'
        with login.transaction():
            login.execute(b"select set_config('request.jwt.claims', %s, true)", (claims,))
            assert _one(login, answers) == f"{uid} authenticated a@b.example y"
            login.execute(b"select set_config('request.jwt.claim.email', 'legacy', true)")
            assert _one(login, "select auth.email()") == "legacy"
        assert _one(login, "select current_setting('request.jwt.claims')") == ""
        assert _one(login, "select auth.jwt() is null and auth.uid() is null and auth.email() is null") is True


def test_the_functions_are_inlined_and_fixed(shared: tuple[Connection, str]) -> None:
    """A policy's auth.uid() costs no function call, and a caller's search_path cannot change what it means."""
    connection, _ = shared
    plan = connection.execute(b"explain (verbose) select auth.uid() from generate_series(1, 2)").fetchall()
    assert "auth.uid" not in "".join(str(row[0]) for row in plan)
    with connection.transaction(force_rollback=True):
        connection.execute(b"create schema evil")
        connection.execute(b"create function evil.yes(text, text) returns bool language sql return true")
        connection.execute(b"create operator evil.= (function = evil.yes, leftarg = text, rightarg = text)")
        connection.execute(b"""set local search_path = evil, pg_catalog; set local "request.jwt.claims" = '{"a": 1}'""")
        assert _one(connection, "select nullif('x'::text, 'y')") is None  # the trick works where names are late
        assert _one(connection, "select auth.jwt() ->> 'a'") == "1"


def test_nothing_is_executable_by_everybody(shared: tuple[Connection, str]) -> None:
    """No function of ours has EXECUTE for PUBLIC, and callers have it where they need it."""
    connection, _ = shared
    everybody = """select count(*) from pg_proc f, aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) a
                    where f.pronamespace in ('auth'::regnamespace, 'freehold'::regnamespace) and a.grantee = 0"""
    assert _one(connection, everybody) == 0
    assert _one(connection, "select has_function_privilege('anon', 'auth.uid()', 'EXECUTE')") is True
    assert _one(connection, "select has_function_privilege('anon', 'freehold.set_updated_at()', 'EXECUTE')") is False


def test_updated_at_is_kept_by_the_database(own: tuple[Connection, str], any_server: EmbeddedServer) -> None:
    """The trigger works for a caller without EXECUTE, whatever the caller sends."""
    _, app = own
    with _login(any_server, app, "app_owner") as owner:
        _one(
            owner,
            "create table public.t (id int, updated_at timestamptz);"
            "create trigger touch before update on public.t for each row execute function freehold.set_updated_at();"
            "insert into public.t values (1); grant select, update on public.t to authenticated; select 1",
        )
    with _login(any_server, app, "app") as login:
        _one(login, "set role authenticated; select 1")
        login.execute(b"update public.t set updated_at = '2000-01-01'")
        assert _one(login, "select updated_at > now() - interval '1 minute' from public.t") is True


def test_again_changes_nothing(own: tuple[Connection, str]) -> None:
    """A second run leaves roles, privileges and functions byte for byte."""
    connection, app = own
    state = """select (select string_agg(pg_get_functiondef(oid) || proacl::text, '' order by oid) from pg_proc
                        where pronamespace in ('auth'::regnamespace, 'freehold'::regnamespace)),
                      (select string_agg(nspname || nspacl::text, '' order by oid) from pg_namespace),
                      (select datacl::text from pg_database where datname = current_database())"""
    before = connection.execute(state.encode()).fetchall(), _roles(connection, app)
    bootstrap(connection, app, {})
    assert (connection.execute(state.encode()).fetchall(), _roles(connection, app)) == before


def test_drift_is_repaired(own: tuple[Connection, str]) -> None:
    """Attributes and memberships of the application's roles return to what they should be."""
    connection, app = own
    before = _roles(connection, app)
    drift = (
        f"alter role {app} bypassrls inherit createrole; grant {app}_owner, service_role to {app};"
        f"grant anon to {app} with admin option; revoke authenticated from {app};"
        f"alter role {app}_owner bypassrls; grant pg_read_all_data to {app}_service;"
        f"grant temp on database {app} to public; grant create on schema public to public"
    )
    connection.execute(drift.encode())
    assert _roles(connection, app) != before
    bootstrap(connection, app, {})
    assert _roles(connection, app) == before
    assert _one(connection, "select has_database_privilege('anon', current_database(), 'TEMP')") is False
    assert _one(connection, "select has_schema_privilege('anon', 'public', 'CREATE')") is False


def test_many_at_once(fresh: Fresh, any_server: EmbeddedServer) -> None:
    """Instances that start together, on one database and on several of one cluster, all succeed."""
    (connection, app), (_, other) = fresh(), fresh()
    failures: list[FreeholdError] = []
    together = threading.Barrier(6)

    def run(database: str) -> None:
        with connect(any_server.admin_dsn(database)) as own:
            together.wait()
            try:
                bootstrap(own, app, {app: "p" * 32, f"{app}_owner": "q" * 32})
            except FreeholdError as error:
                failures.append(error)

    threads = [threading.Thread(target=run, args=(database,)) for database in (app, other) * 3]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert failures == []
    assert _roles(connection, app)["app"][-1] == ["anon", "authenticated"]


def test_passwords_never_travel_in_clear(fresh: Fresh, any_server: EmbeddedServer) -> None:
    """A server that logs every statement logs SCRAM verifiers; the password opens the door all the same."""
    connection, app = fresh()
    password = "sentinel-" + "x" * 20
    connection.execute(b"set log_statement = 'all'")
    bootstrap(connection, app, {app: password})
    log = (any_server.directory / "postgres.log").read_text()
    assert f'ALTER ROLE "{app}" PASSWORD \'SCRAM-SHA-256$' in log
    assert password not in log
    stored = _one(connection, f"select rolpassword from pg_authid where rolname = '{app}'")
    assert str(stored).startswith("SCRAM-SHA-256$")
    host = quote(str(connection.info.host), safe="")
    with connect(f"postgresql://{app}:{password}@/{app}?host={host}") as login:
        assert _one(login, "select current_user") == app
    with pytest.raises(ConnectionLostError):
        connect(f"postgresql://{app}:wrong@/{app}?host={host}")


@pytest.mark.parametrize("attribute", ["bypassrls", "login", "superuser"])
def test_an_unsafe_shared_role_is_refused(fresh: Fresh, attribute: str) -> None:
    """FH310 with the SQL; the role is another's too, so it is not changed; and nothing else was made."""
    connection, app = fresh()
    with connection.transaction(force_rollback=True):
        # Shared by every test of this server: seen by this transaction only, and rolled back.
        connection.execute(b"do 'begin create role anon; exception when duplicate_object then null; end'")
        connection.execute(f"alter role anon {attribute}".encode())
        with pytest.raises(RoleError) as caught:
            bootstrap(connection, app, {})
        assert caught.value.code is Code.ROLE_UNSAFE
        assert f'ALTER ROLE "anon" NO{attribute.upper()};' in (caught.value.hint or "")
        assert _one(connection, f"select count(*) from pg_roles where rolname = '{app}'") == 0


@pytest.fixture
def creator(fresh: Fresh, any_server: EmbeddedServer) -> Iterator[tuple[Connection, Connection, str]]:
    """(superuser, a CREATEROLE login that owns the database, the application)."""
    connection, app = fresh()
    bootstrap(connection, f"{app}z", {})  # the shared roles exist, as on a server with another application
    connection.execute(
        f"create role {app}c login createrole password '{any_server.password(f'{app}c')}';"
        f"grant anon, authenticated, service_role to {app}c with admin option".encode()
    )
    with connect(any_server.admin_dsn()) as admin:
        create_database(admin, f"{app}d", owner=f"{app}c")
        with connect(any_server.dsn(f"{app}c", f"{app}d")) as limited:
            yield connection, limited, app
        drop_database(admin, f"{app}d")


def test_a_role_with_createrole_is_enough(creator: tuple[Connection, Connection, str]) -> None:
    """As on hosted servers, where nobody is superuser; and it keeps no membership of the owner's role."""
    superuser, limited, app = creator
    bootstrap(limited, app, {app: "p" * 32})
    bootstrap(limited, app, {})
    assert _roles(superuser, app)["app"][-1] == ["anon", "authenticated"]
    assert (
        _one(limited, "select nspowner::regrole::text from pg_namespace where nspname = 'freehold'") == f"{app}_owner"
    )
    assert _one(limited, f"select pg_has_role('{app}_owner', 'USAGE')") is False


def test_without_the_right_the_sql_is_given(
    creator: tuple[Connection, Connection, str], any_server: EmbeddedServer
) -> None:
    """FH312 holds what a superuser has to run, without passwords; nothing is half done; it works as it stands."""
    superuser, limited, app = creator
    superuser.execute(f"alter role {app}c nocreaterole".encode())
    with pytest.raises(PermissionDeniedError) as caught:
        bootstrap(limited, app, {app: "sentinel"})
    assert caught.value.code is Code.BOOTSTRAP_FORBIDDEN
    hint = caught.value.hint or ""
    assert f'CREATE ROLE "{app}" LOGIN NOINHERIT' in hint
    assert "sentinel" not in hint
    assert "SCRAM" not in hint
    assert _one(superuser, f"select count(*) from pg_roles where rolname = '{app}'") == 0
    with connect(any_server.admin_dsn(f"{app}d")) as admin:
        admin.execute(hint.partition(":\n")[2].encode())
    bootstrap(limited, app, {})
    with pytest.raises(PermissionDeniedError) as caught:
        bootstrap(limited, app, {app: "sentinel"})
    assert f'\\password "{app}"' in (caught.value.hint or "")


_SUPABASE = """
create role supabase_auth_admin noinherit createrole;
create schema auth authorization supabase_auth_admin;
grant usage on schema auth to anon, authenticated, service_role, postgres;
create function auth.uid() returns uuid language sql stable as $$
  select coalesce(nullif(current_setting('request.jwt.claim.sub', true), ''),
    (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'))::uuid $$;
create function auth.role() returns text language sql stable as $$
  select coalesce(nullif(current_setting('request.jwt.claim.role', true), ''),
    (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role'))::text $$;
create function auth.jwt() returns jsonb language sql stable as $$
  select coalesce(nullif(current_setting('request.jwt.claim', true), ''),
    nullif(current_setting('request.jwt.claims', true), ''))::jsonb $$;
alter function auth.uid() owner to supabase_auth_admin;
alter function auth.role() owner to supabase_auth_admin;
alter function auth.jwt() owner to supabase_auth_admin;
"""


def test_a_supabase_database_is_left_as_it_is(fresh: Fresh) -> None:
    """Functions, owners, comments and the privileges of everybody else stay; our roles are added and usable."""
    connection, app = fresh()
    with connection.transaction(force_rollback=True):
        bootstrap(connection, f"{app}z", {})
        connection.execute(
            b"drop schema auth cascade; grant connect, temp on database %b to public; "
            b"grant usage on schema public to public" % app.encode()
        )
        connection.execute(_SUPABASE.encode())
        state = f"""select (select string_agg(pg_get_functiondef(oid) || proowner::regrole || coalesce(proacl::text, ''),
                                              '' order by oid)
                              from pg_proc where pronamespace = 'auth'::regnamespace),
                           (select nspowner::regrole::text || coalesce(obj_description(oid), '')
                              from pg_namespace where nspname = 'auth'),
                           (select array_agg(a::text order by a::text) from pg_namespace n, aclexplode(n.nspacl) a
                             where n.nspname in ('auth', 'public')
                               and a.grantee <> coalesce(to_regrole('{app}_owner'), 1::oid)),
                           (select array_agg(a::text order by a::text) from pg_database d, aclexplode(d.datacl) a
                             where d.datname = '{app}' and a.grantee not in
                               (coalesce(to_regrole('{app}'), 1::oid), coalesce(to_regrole('{app}_owner'), 1::oid),
                                coalesce(to_regrole('{app}_service'), 1::oid))),
                           (select array_agg(rolname || rolcanlogin || rolinherit || rolbypassrls order by rolname)
                              from pg_roles where rolname in ('anon', 'authenticated', 'service_role'))"""
        before = connection.execute(state.encode()).fetchall()
        bootstrap(connection, app, {})
        bootstrap(connection, app, {})
        assert connection.execute(state.encode()).fetchall() == before
        assert _roles(connection, app)["app"][-1] == ["anon", "authenticated"]
        assert _one(connection, f"set local role {app}_owner; select auth.uid()") is None
