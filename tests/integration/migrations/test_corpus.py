"""Every kind of single change: generated, proven, applied, verified, undone, applied again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from freehold.errors import Code, MigrationError
from freehold.migrations import Options, migrate, rollback
from freehold.migrations.generate import Permission
from freehold.migrations.history import load
from freehold.migrations.plan import plan
from freehold.migrations.prove import prove
from freehold.migrations.revision import Draft, scripts
from freehold.migrations.script import Script, Unit
from tests.integration.migrations.conftest import BASE, CALLER, Target, Workshop, owned

CASES: dict[str, tuple[str, ...]] = {
    "schema added": ("create schema more", "grant usage on schema more to authenticated"),
    "schema dropped": (
        "alter default privileges in schema extra revoke select on tables from service_role",
        "drop schema extra",
    ),
    "enum added": ("create type size as enum ('s', 'it''s', 'l')",),
    "enum dropped": ("drop type mood",),
    "sequence added": ("create sequence more increment 5",),
    "sequence altered": ("alter sequence tickets increment 3 cycle",),
    "sequence dropped": ("drop sequence tickets",),
    "serial column with its sequence": (
        "create table counted (id serial primary key, user_id text not null)",
        *owned("counted"),
    ),
    "function added": (
        "create function triple(n integer) returns integer language sql set search_path = pg_catalog as 'select 3 * n'",
        "revoke all on function triple(integer) from public",
        "grant execute on function triple(integer) to authenticated",
    ),
    "function with a body that looks like markers": (
        """create function tricky() returns text language plpgsql as $$
        begin
            -- a ; comment
            return '; -- freehold: statement';
        end $$""",
    ),
    "function body altered": (
        "create or replace function double(n integer) returns integer language sql as 'select n + n'",
    ),
    "function signature altered": (
        "drop function double(integer)",
        "create function double(n integer) returns bigint language sql as 'select 2::bigint * n'",
        "comment on function double(integer) is 'wider'",
    ),
    "function dropped": ("drop function double(integer)",),
    "function over a table": (
        "create function titles(t tasks) returns text language sql stable begin atomic select (t).title; end",
    ),
    "procedure added": ("create procedure tidy() language sql as 'select 1'",),
    "owned table added": (
        """create table files (
            user_id text not null references users (id) on delete cascade, id text not null, task_id text not null,
            kind text not null default 'text' check (kind in ('text', 'image')), size bigint check (size >= 0),
            meta jsonb not null default '{}', n integer generated always as identity, updated_at timestamptz,
            primary key (user_id, id), unique (user_id, kind, size),
            foreign key (user_id, task_id) references tasks (user_id, id) on delete cascade)""",
        "create index files_recent on files (user_id, updated_at desc nulls last) where kind = 'image'",
        "create trigger files_updated before update on files for each row execute function freehold.set_updated_at()",
        *owned("files"),
        "grant insert (user_id, id, task_id), update (kind) on files to authenticated",
    ),
    "tables that refer to each other": (
        "create table hens (user_id text, id text, egg text, primary key (user_id, id))",
        "create table eggs (user_id text, id text, hen text, primary key (user_id, id))",
        "alter table hens add foreign key (user_id, egg) references eggs (user_id, id)",
        "alter table eggs add foreign key (user_id, hen) references hens (user_id, id)",
        *owned("hens"),
        *owned("eggs"),
        """create policy peek on hens as restrictive for select to authenticated
        using (exists (select from eggs where eggs.user_id = hens.user_id))""",
    ),
    "names that need quotes": (
        'create table "Odd ""Table""" ("select" text primary key, "Ünïcode é" text default \'a\\b\')',
        'create index "Odd Index" on "Odd ""Table""" ("Ünïcode é")',
        'comment on column "Odd ""Table"""."select" is \'a\\b\'\'c\'',
    ),
    "table dropped": ("drop view done", "drop table notes", "drop table tasks"),
    "table options altered": ("alter table plain set (fillfactor = 70)",),
    "replica identity altered": ("alter table plain replica identity full",),
    "row security enabled": (
        "alter table plain enable row level security",
        "alter table plain force row level security",
    ),
    "column added nullable": ("alter table tasks add column note text",),
    "column added with constant": ("alter table tasks add column flags integer[] not null default '{}'",),
    "column added with now()": ("alter table tasks add column seen_at timestamptz not null default now()",),
    "column added with volatile default": ("alter table tasks add column token uuid default gen_random_uuid()",),
    "column added with grant": (
        "alter table tasks add column note text",
        "grant update (note) on tasks to authenticated",
    ),
    "column default altered": ("alter table tasks alter title set default 'untitled'",),
    "column default dropped": ("alter table tasks alter title drop default",),
    "column widened": ("alter table users alter name type varchar(200)",),
    "column to text": ("alter table users alter name type text",),
    "domain added": (
        "create domain positive as integer not null default 1 check (value > 0)",
        "alter domain positive add constraint small check (value < 100) not valid",
        "create domain even as positive constraint even_check check (value % 2 = 0)",
        "comment on domain even is 'a pair each'",
        "revoke usage on type even from public",
        "create table pairs (id even primary key)",
    ),
    "domain altered": (
        "alter domain score drop constraint score_low",
        "alter domain score add constraint score_high check (value < 1000)",
        "alter domain score set default 7",
    ),
    "domain made nullable and not": ("alter domain score set not null",),
    "domain dropped": ("drop domain score",),
    "partitioned tables added": (
        """create table events (id bigint generated always as identity, at date not null, body text, primary key (id, at))
            partition by range (at)""",
        "create table events_a partition of events (constraint never check (body <> 'b')) for values from ('2026-01-01') to ('2027-01-01')",
        "create table a_rest partition of events default partition by hash (id)",
        "create table a_part partition of a_rest for values with (modulus 1, remainder 0)",
        "create index events_body on events (body)",
        "alter table events add foreign key (body) references users (id)",
        *owned("events", "body"),
    ),
    "partition added": ("create table logs_2 partition of logs for values from (10) to (20)",),
    "partition dropped": ("drop table logs_1",),
    "partitioned table dropped": ("drop table logs",),
    "column of partitioned table added": ("alter table logs add column note text default 'n'",),
    "index of partitioned table added": ("create index logs_body on logs (body)",),
    "inheriting table added": (
        "create table child (extra text, payload text) inherits (plain)",
        "create table grandchild () inherits (child)",
    ),
    "column retyped": ("alter table users alter age type bigint",),
    "column that policies name retyped": (
        *(f"drop policy users_{command} on users" for command in ("select", "insert", "update", "delete")),
        "alter table users alter id type varchar(40)",
        *(each for each in owned("users", "id") if each.startswith("create policy")),
    ),
    "column that a view names widened": (
        "drop view done",
        "alter table tasks alter title type varchar",
        "create view done with (security_invoker = true) as select user_id, id, title from tasks where status = 'done'",
        "grant select on done to authenticated",
        "comment on view done is 'finished'",
    ),
    "column made not null": ("alter table users alter email set not null",),
    "column made nullable": ("alter table tasks alter title drop not null",),
    "column dropped": ("alter table tasks drop column deleted_at",),
    "primary key altered": (
        "alter table plain drop constraint plain_pkey",
        "alter table plain alter payload set not null",
        "alter table plain add primary key (payload, id)",
    ),
    "check added": ("alter table users add constraint users_age check (age between 0 and 150)",),
    "check altered": (
        "alter table tasks drop constraint tasks_status",
        "alter table tasks add constraint tasks_status check (status in ('pending', 'done', 'error'))",
    ),
    "check dropped": ("alter table tasks drop constraint tasks_status",),
    "check not validated": ("alter table users add constraint users_age check (age > 0) not valid",),
    "unique added": ("alter table users add constraint users_email unique nulls not distinct (email)",),
    "unique dropped": ("alter table tasks drop constraint tasks_title",),
    "exclusion added": ("alter table plain add constraint plain_once exclude using btree (payload with =)",),
    "foreign key added": ("alter table plain add foreign key (payload) references users (id) on delete restrict",),
    "foreign key altered": (
        "alter table notes drop constraint notes_task",
        "alter table notes add constraint notes_task foreign key (user_id, task_id) references tasks (user_id, id)",
    ),
    "foreign key deferred": ("alter table notes alter constraint notes_task deferrable initially deferred",),
    "foreign key dropped": ("alter table notes drop constraint notes_task",),
    "index added": ("create unique index users_lower on users (lower(email)) include (age) where email <> ''",),
    "index altered": (
        "drop index tasks_created",
        "create index tasks_created on tasks (user_id, created_at) where deleted_at is null",
    ),
    "index dropped": ("drop index tasks_created",),
    "view added": ("create view names with (security_invoker = true) as select id, name from users",),
    "view over a view": (
        "create view a_titles with (security_invoker = true) as select title from done",
        "create view z_titles with (security_invoker = true) as select title from a_titles",
    ),
    "view altered, grants and comment kept": (
        "drop view done",
        "create view done with (security_invoker = true) as select id from tasks where status = 'done'",
        "grant select on done to authenticated",
        "comment on view done is 'finished'",
    ),
    "view option altered": ("alter view done reset (security_invoker)",),
    "view dropped": ("drop view done",),
    "materialized view with index": (
        "create materialized view totals as select status, count(*) from tasks group by status",
        "create unique index totals_status on totals (status)",
    ),
    "policy added": ("create policy all_read on tasks for select to anon using (status = 'done')",),
    "policy restrictive": ("create policy fresh on tasks as restrictive for all to public using (deleted_at is null)",),
    "policy using altered": (f"alter policy tasks_select on tasks using (user_id = {CALLER} and status <> 'done')",),
    "policy check altered": ("alter policy tasks_insert on tasks with check (status = 'pending')",),
    "policy check removed": (
        "drop policy tasks_update on tasks",
        f"create policy tasks_update on tasks for update to authenticated using (user_id = {CALLER})",
    ),
    "policy roles altered": ("alter policy tasks_select on tasks to authenticated, anon",),
    "policy command altered": (
        "drop policy tasks_select on tasks",
        "create policy tasks_select on tasks for all to authenticated using (true)",
    ),
    "policy dropped": ("drop policy tasks_delete on tasks",),
    "trigger added": (
        "create trigger once after insert on users for each statement execute function freehold.set_updated_at()",
    ),
    "trigger altered": (
        "drop trigger tasks_updated_at on tasks",
        """create trigger tasks_updated_at before update of title on tasks for each row
        when (old.title <> new.title) execute function freehold.set_updated_at()""",
    ),
    "trigger disabled": ("alter table tasks disable trigger tasks_updated_at",),
    "trigger dropped": ("drop trigger tasks_updated_at on tasks",),
    "comments added": (
        "comment on schema extra is 'e'",
        "comment on column tasks.id is 'c'",
        "comment on constraint tasks_title on tasks is 'k'",
        "comment on index tasks_created is 'i'",
        "comment on policy tasks_select on tasks is 'p'",
        "comment on trigger tasks_updated_at on tasks is 't'",
        "comment on function double(integer) is 'f'",
        "comment on sequence tickets is 's'",
        "comment on type mood is 'm'",
    ),
    "comment altered": ("comment on table tasks is 'labour'",),
    "comment dropped": ("comment on table tasks is null",),
    "grant added": ("grant insert on users to authenticated",),
    "grant dropped": ("revoke delete on users from authenticated",),
    "grant on columns added": ("grant update (name, age) on users to authenticated",),
    "grant on columns dropped": ("revoke update (status) on tasks from authenticated",),
    "grant on the table dropped, on a column kept": (
        "revoke update on notes from authenticated",
        "grant update (body) on notes to authenticated",
    ),
    "grant option": ("grant select on users to service_role with grant option",),
    "grant on a sequence": ("grant usage on sequence tickets to authenticated",),
    "execute taken from public": ("revoke execute on function double(integer) from public",),
    "default privileges added": ("alter default privileges grant select on tables to service_role",),
    "default privileges of public dropped": ("alter default privileges revoke execute on functions from public",),
    "default privileges dropped": (
        "alter default privileges in schema extra revoke select on tables from service_role",
    ),
}


ALL = Permission(drop=True, blocking=True, sign_off="tested")


@pytest.mark.parametrize("statements", CASES.values(), ids=CASES.keys())
def test_a_change_is_generated_proven_applied_and_undone(
    statements: tuple[str, ...], workshop: Workshop, revisited: Callable[[Path], Target], tmp_path: Path
) -> None:
    """The database then equals the models; undone it equals what it was, and the change can be made again."""
    target = revisited(tmp_path)
    before = target.facts()
    revision = workshop.generate(target.directory, *statements, permission=ALL)
    for _ in range(2):
        assert migrate(target.dsn, target.directory, Options(verify=True)).revisions == (revision,)
        assert rollback(target.dsn, target.directory) == revision
        assert target.facts() == before


REFUSED: dict[str, tuple[Code, tuple[str, ...]]] = {
    "label of an enum renamed": (Code.CHANGE_UNSUPPORTED, ("alter type mood rename value 'sad' to 'so-so'",)),
    "policy weakened without a word": (Code.SIGN_OFF_MISSING, ("alter policy tasks_select on tasks using (true)",)),
    "base of a domain": (
        Code.CHANGE_UNSUPPORTED,
        ("drop domain score", "create domain score as bigint default 0 constraint score_low check (value >= 0)"),
    ),
    "composite type": (Code.CHANGE_UNSUPPORTED, ("create type pair as (a integer, b text)",)),
    "aggregate": (
        Code.CHANGE_UNSUPPORTED,
        ("create aggregate total(integer) (sfunc = int4pl, stype = integer)",),
    ),
    "rule": (Code.CHANGE_UNSUPPORTED, ("create rule quiet as on delete to plain do instead nothing",)),
    "statistics": (Code.CHANGE_UNSUPPORTED, ("create statistics pair on id, payload from plain",)),
    "partition moved": (
        Code.CHANGE_UNSUPPORTED,
        (
            "alter table logs detach partition logs_1",
            "alter table logs attach partition logs_1 for values from (1) to (9)",
        ),
    ),
    "partition dropped": (Code.DROP_REFUSED, ("drop table logs_1",)),
    "column type": (Code.REWRITE_REFUSED, ("alter table users alter age type text",)),
    "generated column on an old table": (
        Code.REWRITE_REFUSED,
        ("alter table users add column twice integer generated always as (age * 2) stored",),
    ),
    "exclusion on an old table": (
        Code.REWRITE_REFUSED,
        ("alter table plain add constraint once exclude using btree (payload with =)",),
    ),
    "identity on an old table": (
        Code.REWRITE_REFUSED,
        ("alter table users add column n integer generated always as identity",),
    ),
    "unlogged": (Code.CHANGE_UNSUPPORTED, ("alter table plain set unlogged",)),
    "column without a value": (Code.COLUMN_NEEDS_DEFAULT, ("alter table tasks add column size integer not null",)),
    "owner column on an old table": (
        Code.COLUMN_NEEDS_DEFAULT,
        ("alter table plain add column user_id uuid not null default auth.uid()",),
    ),
    "table dropped": (Code.DROP_REFUSED, ("drop table plain",)),
    "column dropped": (Code.DROP_REFUSED, ("alter table users drop column age",)),
    "grant without row security": (Code.GRANT_UNGUARDED, ("grant select on plain to authenticated",)),
    "grant on a partition without row security": (
        Code.GRANT_UNGUARDED,
        ("grant select on logs_1 to authenticated",),
    ),
    "row security taken from a granted table": (
        Code.GRANT_UNGUARDED,
        ("alter table tasks no force row level security",),
    ),
    "DDL that PostgreSQL refuses": (Code.MODELS_REFUSED, ("create index on tasks (nothing)",)),
}


STEPS = {
    "generated column on an old table": "NEW.twice := (age * 2)",
    "identity on an old table": "nextval('public.users_n_seq')",
    "exclusion on an old table": "1. declare a table like public.plain",
    "column type": 'freehold backfill public.users --set "age_new=age::text"',
}


@pytest.mark.parametrize("name", STEPS)
def test_what_has_no_safe_form_is_refused_with_the_steps(name: str, workshop: Workshop, tmp_path: Path) -> None:
    """Ready to be pasted, about the table at hand, before the way that blocks."""
    with pytest.raises(MigrationError) as refused:
        workshop.generate(tmp_path, *REFUSED[name][1], permission=Permission())
    assert refused.value.code == Code.REWRITE_REFUSED
    hint = refused.value.hint or ""
    assert hint.index(STEPS[name]) < hint.index("--allow-blocking")


@pytest.mark.parametrize(("code", "statements"), REFUSED.values(), ids=REFUSED.keys())
def test_a_change_no_rule_can_make_is_refused(
    code: Code, statements: tuple[str, ...], workshop: Workshop, tmp_path: Path
) -> None:
    """It is named, with the way out, and nothing is written."""
    with pytest.raises(MigrationError) as refused:
        workshop.generate(tmp_path, *statements, permission=Permission())
    assert refused.value.code == code
    assert refused.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_refused_change_leaves_the_history_as_it_was(target: Target) -> None:
    """As the whole command sees it: the plan and the proof come before the first file."""
    before = load(target.directory)
    with pytest.raises(MigrationError) as refused:
        target.generate("drop table plain")
    assert refused.value.code == Code.DROP_REFUSED
    assert load(target.directory) == before


def test_a_plan_that_postgresql_refuses_is_not_proven(workshop: Workshop, tmp_path: Path) -> None:
    """A function cannot be made again under a column that needs it: said by the proof, nothing written."""
    before = workshop.proving.facts()
    desired = workshop.bare.try_out(
        (
            *BASE,
            "drop function double(integer)",
            "create function double(n integer) returns bigint return 2::bigint * n",
        )
    )
    planned = plan(before, desired)
    up, down = scripts(planned, Draft("x", ()))
    workshop.proving.run(["alter table plain add constraint held check (double(id) > 0)"])
    with pytest.raises(MigrationError, match="Going up fails") as unproven:
        prove(workshop.proving, up, down, before, desired)
    assert unproven.value.code == Code.PROOF_FAILED
    workshop.proving.run(["alter table plain drop constraint held", "alter table plain add column stray text"])
    with pytest.raises(MigrationError, match="does not give") as different:
        prove(workshop.proving, up, down, before, desired)
    assert "add column public.plain.stray" in (different.value.detail or "")
    workshop.proving.run([*down.statements, "alter table plain drop column stray"])
    assert workshop.proving.facts() == before


def test_rows_that_a_revision_loses_are_missed(workshop: Workshop) -> None:
    """The proof has a row in every table; equal facts are not enough."""
    before = workshop.history.facts
    assert before is not None
    unit = Unit(("truncate plain",))
    up, down = Script("abc", (), (), (unit,)), Script("abc", (), (), ())
    with pytest.raises(MigrationError, match="Rows get lost") as unproven:
        prove(workshop.proving, up, down, before, before)
    assert unproven.value.detail == "table public.plain"
    assert prove(workshop.proving, down, down, before, before) == ()


def test_a_constraint_that_made_up_rows_do_not_fulfil_is_no_mistake(target: Target) -> None:
    """It is said, because rows that exist may be like them, and the revision is written."""
    made = target.generate("alter table plain add constraint big check (id > 100)")
    assert made
    assert any(line.startswith("rows: ") and "big" in line for line in made.summary)
    migrate(target.dsn, target.directory, Options(verify=True))
