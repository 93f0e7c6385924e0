"""Each rule finds the schema it is there for, leaves its clean counterpart alone, and mends what it says it mends."""

from __future__ import annotations

import ast
from dataclasses import replace

import pytest

from freehold.audit import adopted
from freehold.audit.catalog import Catalog
from freehold.audit.explain import explain
from freehold.audit.found import Found, Severity
from freehold.audit.queries import Queries, uses_of
from freehold.audit.rule import Example, Rule
from freehold.audit.rules import RULES, found
from freehold.audit.rules.au504_server_version import PATCHED
from freehold.audit.source import Module
from freehold.wire import Connection
from tests.cluster import APP, OWNER
from tests.integration.audit.conftest import Break, about_a_schema, catalog_of, violated

SCHEMAS = [rule for rule in RULES.values() if about_a_schema(rule)]


def _example(rule: Rule[object]) -> Example:
    assert rule.example is not None
    return rule.example


def _findings(rule: Rule[object], connection: Connection) -> list[Found]:
    catalog = catalog_of(connection)
    subject: object = catalog if rule.about is Catalog else explain(connection, catalog)
    return [each for other, each in found(subject) if other.id == rule.id]


def test_the_clean_database_is_clean(broken: Break) -> None:
    """Nothing is found where nothing is wrong; otherwise every finding below proves nothing."""
    with broken("select 1") as connection:
        assert violated(connection) == {}


@pytest.mark.parametrize("rule", SCHEMAS, ids=lambda rule: rule.id)
def test_a_broken_schema_is_found_and_mended(rule: Rule[object], broken: Break) -> None:
    """The rule finds its example; the SQL of its fix runs, and then neither the rule nor the verification complains."""
    example = _example(rule)
    with broken(example.bad, superuser=example.superuser) as connection:
        findings = _findings(rule, connection)
        assert findings
        for each in findings:
            assert each.message.endswith((".", ")"))
            assert each.fix.text
        for each in findings:
            if each.verify:
                assert _verified(connection, each) == (False,), each.verify
        if all(each.fix.sql for each in findings):
            _mend(connection, findings)
            assert [each.message for each in _findings(rule, connection)] == []
            assert [each.verify for each in findings if each.verify and _verified(connection, each) != (True,)] == []


@pytest.mark.parametrize("rule", SCHEMAS, ids=lambda rule: rule.id)
def test_the_clean_counterpart_is_not_found(rule: Rule[object], broken: Break) -> None:
    """What is close to the example, and right, raises no alarm."""
    example = _example(rule)
    with broken(example.good, superuser=example.superuser) as connection:
        assert [each.message for each in _findings(rule, connection)] == []


def _verified(connection: Connection, each: Found) -> tuple[object, ...] | None:
    connection.execute(b"set local search_path = ''")
    return connection.execute(each.verify.encode()).fetchone()


def _mend(connection: Connection, findings: list[Found]) -> None:
    """As the role that the fix says."""
    for each in findings:
        connection.execute(b"reset role" if each.fix.superuser else f"set local role {OWNER}".encode())
        for statement in each.fix.sql:
            connection.execute(statement.encode())
    connection.execute(b"reset role")


HOSTILE = """
    create table public."O'Brien ""; drop table notes; --" ("Us'er" uuid, "we""ird" text unique, id int);
    create index on public."O'Brien ""; drop table notes; --" ("Us'er");
    alter table public."O'Brien ""; drop table notes; --" enable row level security;
    create policy "p'; --" on public."O'Brien ""; drop table notes; --" using ("Us'er" = auth.uid());
    create policy "n'ull" on public."O'Brien ""; drop table notes; --" for update to authenticated
        using ("Us'er" is not distinct from (select auth.uid())) with check (true);
    grant all on public."O'Brien ""; drop table notes; --" to authenticated;
    create view public."v'iew" as select * from public."O'Brien ""; drop table notes; --";
    grant select on public."v'iew" to anon;
    create function public."f'n"("a'rg" int) returns int language sql security definer as 'select 1';
    create materialized view public."m'at" as select 1; grant select on public."m'at" to anon
"""


def test_names_that_are_code_stay_names(broken: Break) -> None:
    """Every fix and every verification runs as it stands, whatever letters are in the names it holds."""
    with broken(HOSTILE) as connection:
        catalog = catalog_of(connection)
        findings = [each for _, each in (*found(catalog), *found(explain(connection, catalog)))]
        mendable = [each for each in findings if each.fix.sql and each.fix.mechanical]
        assert len({each.message for each in mendable}) > 8
        assert [
            each.verify for each in findings if each.verify and _verified(connection, each) not in ((False,), (True,))
        ] == []
        _mend(connection, mendable)
        assert connection.execute(b"select count(*) from public.notes").fetchone() == (0,)


@pytest.mark.parametrize("major", sorted(PATCHED))
def test_the_server_must_be_patched(broken: Break, major: int) -> None:
    """Below the patched minor release an error, on the embedded server a note, at it nothing; on a shadow nothing."""
    with broken("select 1") as connection:
        catalog = catalog_of(connection)
    behind = replace(catalog, version=major * 10000 + PATCHED[major] - 1)
    assert _versions(behind) == [None]
    assert _versions(replace(behind, development=True)) == [Severity.NOTE]
    assert _versions(replace(behind, scratch=True)) == []
    assert _versions(replace(catalog, version=major * 10000 + PATCHED[major])) == []


def _versions(catalog: Catalog) -> list[Severity | None]:
    return [each.severity for rule, each in found(catalog) if rule.id == "AU504"]


def test_a_query_without_an_index_is_found(broken: Break) -> None:
    """The example of AU604, against the indexes there are; the index that it asks for is enough."""
    rule = RULES["AU604"]
    example = _example(rule)
    with broken("select 1") as connection:
        bad = uses_of([Module("app.py", example.bad, ast.parse(example.bad))])
        good = uses_of([Module("app.py", example.good, ast.parse(example.good))])
        ((_, each),) = found(Queries(bad, catalog_of(connection)))
        assert list(found(Queries(good, catalog_of(connection)))) == []
        _mend(connection, [each])
        assert list(found(Queries(bad, catalog_of(connection)))) == []


OTHERS = [
    ("AU101", "create table public.p (id int) partition by list (id); grant select on public.p to anon"),
    ("AU101", "create table public.g (id int); grant select on public.g to public"),
    ("AU105", """create table public.p (id int) partition by list (id); create table public.p1 partition of public.p default;
     grant select on public.p1 to anon"""),
    ("AU201", "alter policy notes_delete on public.notes using (true)"),
    ("AU201", "alter policy notes_delete on public.notes using (user_id = (select auth.uid()) or 1 = 1)"),
    ("AU201", "alter policy notes_insert on public.notes with check ((select auth.role()) = 'authenticated')"),
    ("AU203", "alter policy notes_select on public.notes using (id = notes.id)"),
    ("AU207", "create policy also on public.notes for all to authenticated using (user_id = (select auth.uid()))"),
    ("AU210", """alter policy notes_select on public.notes using
     (user_id = (select auth.uid()) or (select auth.jwt() ->> 'token_id') is null)"""),
    ("AU303", "create unique index on public.notes (lower(title), title)"),
    ("AU303", "alter table public.notes add email_hash text unique; grant insert (email_hash) on public.notes to authenticated"),
    ("AU303", """alter table public.notes add secret_hash text unique;
     grant insert (secret_hash), update (secret_hash) on public.notes to authenticated"""),
    ("AU401", """create view public.low as select * from public.notes; create view public.high with (security_invoker = true)
     as select * from public.low; grant select on public.high to authenticated"""),
    ("AU402", """create foreign data wrapper w; create server s foreign data wrapper w;
     create foreign table public.f (id int) server s; grant select on public.f to authenticated"""),
    ("AU404", "alter default privileges grant execute on functions to anon"),
    ("AU407", "do $$ begin execute format('grant temp on database %I to authenticated', current_database()); end $$"),
    ("AU408", "do $$ begin execute format('alter database %I set app.jwt_secret = ''0123456789''', current_database()); end $$"),
    ("AU502", f"alter role {APP} createrole"),
    ("AU503", f"grant service_role to {APP}"),
    ("AU601", """create table public.hidden (id uuid); alter policy notes_select on public.notes using
     (id in (select h.id from public.hidden h))"""),
]  # fmt: skip
SOUND = [
    "create table public.p (id int) partition by list (id); create table public.p1 partition of public.p default",
    """create view public.low with (security_invoker = true) as select * from public.notes;
     create view public.high with (security_invoker = true) as select * from public.low; grant select on public.high to anon""",
    """create function public.t() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp
     as 'begin return new; end'""",
    """create table public.news (id int primary key, body text); alter table public.news enable row level security;
     alter table public.news force row level security; grant select on public.news to anon, authenticated;
     create policy news_select on public.news for select to anon, authenticated using (true)""",
    """create table public.mine (id int); alter table public.mine enable row level security;
     alter table public.mine force row level security; grant all on public.mine to service_role""",
    """create table public.parent (user_id uuid not null, id uuid, primary key (user_id, id));
     alter table public.notes add column p uuid, add foreign key (user_id, p) references public.parent on delete cascade""",
    """alter policy notes_insert on public.notes with check
     (user_id = (select auth.uid()) and (select auth.jwt() ->> 'token_id') is null)""",
    """revoke select on public.notes from authenticated; grant select (id, user_id, title) on public.notes to authenticated;
     alter table public.notes add secret_hash text unique; grant insert (secret_hash) on public.notes to authenticated""",
]


@pytest.mark.parametrize(("name", "sql"), OTHERS)
def test_other_ways_to_break_a_schema_are_found(name: str, sql: str, broken: Break) -> None:
    """The same fault, made otherwise."""
    with broken(sql, superuser=True) as connection:
        assert name in violated(connection)


@pytest.mark.parametrize("sql", SOUND)
def test_what_only_looks_broken_is_not_found(sql: str, broken: Break) -> None:
    """Children nobody reaches, views over views, triggers, news for everybody, tables of the service, owner-first keys, hashes."""
    with broken(sql) as connection:
        assert violated(connection) == {}
        assert [each.message for _, each in _asked(connection)] == []


def _asked(connection: Connection) -> list[tuple[object, Found]]:
    """What pgrls adds, where it is installed: nothing may be left of what is meant by design."""
    return list(adopted.ask(connection, catalog_of(connection))) if adopted.installed() else []


UNIQUE = "alter table public.notes add {0} text unique; grant insert ({0}) on public.notes to authenticated"
HIDDEN = "revoke select on public.notes from authenticated; grant select (id, user_id, title) on public.notes to authenticated"


@pytest.mark.parametrize(
    ("column", "declared", "expected"),
    [
        ("fingerprint", {"public.notes": frozenset({"fingerprint"})}, False),
        ("secret_hash", {"public.notes": frozenset[str]()}, True),
        ("secret_hash", {}, False),
        ("fingerprint", {}, True),
    ],
    ids=["declared, whatever its name", "a name that no model backs", "a name where no model is", "neither"],
)
def test_a_secret_is_one_because_the_model_says_so(
    column: str, declared: dict[str, frozenset[str]], expected: bool, broken: Break
) -> None:
    """A name counts only for a table that no model declares."""
    with broken(f"{HIDDEN}; {UNIQUE.format(column)}") as connection:
        catalog = replace(catalog_of(connection), secrets=declared)
    assert ("AU303" in {rule.id for rule, _ in found(catalog)}) is expected
