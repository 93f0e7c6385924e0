"""The rules for a database in use: each finds its unsafe form, is silent about the safe one, and can be signed off."""

from __future__ import annotations

from dataclasses import replace

import pytest

from freehold.errors import Code, MigrationError
from freehold.migrations.safety import Permit, findings, refuse_unsafe, sign
from freehold.migrations.safety.lint import RULES
from freehold.migrations.script import Batches, Index, Mode, Script, Unit
from freehold.migrations.squawk import EXEMPTIONS, explained

UNSAFE: dict[str, list[str]] = {
    "add-column": [
        'ALTER TABLE "public"."tasks" ADD COLUMN "token" uuid DEFAULT gen_random_uuid()',
        "alter table tasks add column n integer generated always as identity",
        "alter table tasks add column twice integer generated always as (n * 2) stored",
        "alter table tasks add column size integer not null",
    ],
    "column-type": [
        "alter table tasks alter column n type bigint",
        "ALTER TABLE tasks ALTER n SET DATA TYPE numeric(10, 2)",
    ],
    "constraint": [
        "alter table tasks add constraint c check (n > 0)",
        "alter table tasks add foreign key (user_id) references users (id)",
    ],
    "drop": [
        "drop table tasks",
        "alter table tasks drop column n",
        "truncate tasks",
        "drop schema extra cascade",
        'ALTER TABLE "public"."tasks" DROP COLUMN "freehold_old_n"',
    ],
    "definer-function": ["create function f() returns integer language sql security definer as 'select 1'"],
    "grant-public": ["GRANT SELECT ON TABLE tasks TO PUBLIC", "grant usage on schema public to public"],
    "index": ["create index i on tasks (n)", "create unique index i on public.tasks (n)", "drop index public.i"],
    "not-null": ['alter table tasks alter column "n" set not null'],
    "policy": [
        "drop policy p on tasks",
        "create policy p on tasks to authenticated using (true)",
        "alter policy p on tasks with check ((true))",
    ],
    "row-security": [
        "alter table tasks disable row level security",
        'ALTER TABLE "public"."tasks" NO FORCE ROW LEVEL SECURITY',
    ],
    "rows": [
        "update tasks set n = 1",
        "delete from only tasks where n = 1",
        "with old as (select 1) delete from tasks",
    ],
    "unique": ["alter table tasks add constraint u unique (n)", "alter table tasks add primary key (n)"],
    "definer-view": ["create view v as select * from tasks", "create or replace view v (a) as select 1"],
}
SAFE = [
    "alter table tasks add column note text",
    "alter table tasks add column flags integer[] not null default '{}'",
    "alter table tasks add column seen timestamptz not null default now()",
    "alter table tasks add column twice integer generated always as (n * 2)",
    "alter table tasks alter column title type text",
    "alter table tasks alter column title type character varying(200)",
    "alter table tasks add constraint c check (n > 0) not valid",
    "alter table tasks validate constraint c",
    "alter table tasks add constraint u unique using index u",
    "create function f() returns integer language sql security definer set search_path = pg_catalog as 'select 1'",
    "grant execute on function f() to public",
    "create view v with (security_invoker = true) as select * from tasks",
    "create view v with (check_option = local, security_invoker) as select * from tasks",
    "alter policy p on tasks using (user_id = 'a')",
    "create table fresh (id integer)",
    "create index i on fresh (id)",
    "insert into tasks (id) values (1)",
]
FRESH = "create table fresh (id integer)"


def script(*statements: str, signed: tuple[str, ...] = ()) -> Script:
    """Each statement in a transaction of its own."""
    return Script("abc", (), (), tuple(Unit((statement,)) for statement in statements), signed=signed)


def test_a_column_that_another_one_replaces_is_no_loss() -> None:
    """Where the other, which was filled, takes its name in the same transaction, and nowhere else."""
    table = 'ALTER TABLE "public"."tasks"'
    aside, taken, gone = (
        f'{table} RENAME COLUMN "n" TO "freehold_old_n"',
        f'{table} RENAME COLUMN "freehold_new_n" TO "n"',
        f'{table} DROP COLUMN "freehold_old_n"',
    )
    assert findings(Script("abc", (), (), (Unit((aside, taken, gone)),))) == ()
    assert [each.rule for each in findings(script(aside, taken, gone))] == ["drop"]
    assert [each.rule for each in findings(Script("abc", (), (), (Unit((aside, gone)),)))] == ["drop"]
    other = f'{table} RENAME COLUMN "freehold_new_m" TO "m"'
    assert [each.rule for each in findings(Script("abc", (), (), (Unit((aside, other, gone)),)))] == ["drop"]


CASES = [(rule, statement) for rule, statements in UNSAFE.items() for statement in statements]


@pytest.mark.parametrize(("rule", "statement"), CASES, ids=[f"{rule}: {statement}" for rule, statement in CASES])
def test_an_unsafe_form_is_found_until_it_is_signed_off(rule: str, statement: str) -> None:
    """By its rule alone; the hint is the line that signs it off, and that line works."""
    (found,) = findings(script(statement))
    assert found.rule == rule
    assert found.why
    assert found.instead
    with pytest.raises(MigrationError) as unsafe:
        refuse_unsafe(script(statement))
    assert unsafe.value.code is Code.CHANGE_UNSAFE
    line = (unsafe.value.hint or "").rpartition("-- freehold: signed off ")[2]
    refuse_unsafe(script(statement, signed=(line,)))
    assert findings(script(statement, signed=(line.replace("public.", "other."),))) == (found,)
    assert sign(script(statement), {found.permit: "meant"}).signed == (f"{found.name}: meant",)
    others = {permit: "meant" for permit in Permit if permit is not found.permit}
    assert sign(script(statement), others).signed == ()


@pytest.mark.parametrize("statement", SAFE)
def test_a_safe_form_is_let_pass(statement: str) -> None:
    """Nothing cries wolf."""
    assert findings(script(FRESH, statement)) == ()


@pytest.mark.parametrize(
    "statement",
    [
        "alter table fresh add column n integer not null default random()",
        "alter table public.fresh alter column n type bigint",
        'alter table "fresh" add constraint c check (n > 0)',
        "alter table fresh alter column n set not null",
        "alter table fresh add primary key (n)",
        "create policy p on fresh using (true)",
        "update fresh set n = 1",
    ],
)
def test_a_table_that_the_script_makes_may_be_anything(statement: str) -> None:
    """Nobody uses it yet."""
    assert findings(script(FRESH, statement)) == ()
    assert findings(script(statement)) != ()


def test_not_null_is_safe_behind_a_valid_check() -> None:
    """Added, validated, then set."""
    steps = [
        "alter table tasks add constraint c check (n is not null) not valid",
        "alter table tasks validate constraint c",
        "alter table tasks alter column n set not null",
    ]
    assert findings(script(*steps)) == ()
    assert [each.rule for each in findings(script(steps[0], steps[2]))] == ["not-null"]


def test_a_constraint_is_validated_in_a_unit_of_its_own() -> None:
    """In the transaction that adds it the lock would be held."""
    steps = ("alter table tasks add constraint c check (n > 0) not valid", "alter table tasks validate constraint c")
    together = replace(script(), units=(Unit(steps),))
    assert [each.rule for each in findings(together)] == ["constraint"]
    assert findings(script(*steps)) == ()


def test_an_index_is_built_concurrently_outside_a_transaction() -> None:
    """PostgreSQL refuses it inside."""
    statement = "create index concurrently i on tasks (n)"
    unit = Unit((statement,), Mode.AUTOCOMMIT, Index("public", "tasks", "i"))
    assert findings(replace(script(), units=(unit,))) == ()
    assert [each.rule for each in findings(script(statement))] == ["index"]


def test_rows_are_changed_in_batches() -> None:
    """The same statement, in a unit that walks the table."""
    unit = Unit(("update tasks set n = 1\nWHERE (n <> 1)",), Mode.BATCHES, Batches("public", "tasks", ("id",)))
    assert findings(replace(script(), units=(unit,))) == ()


def test_a_policy_made_again_at_once_was_not_dropped() -> None:
    """In one transaction; in two there is a moment without it."""
    steps = ("drop policy p on tasks", "CREATE POLICY p ON tasks AS PERMISSIVE FOR ALL USING (user_id = 'a')")
    assert findings(replace(script(), units=(Unit(steps),))) == ()
    assert [each.rule for each in findings(script(*steps))] == ["policy"]


def test_a_value_of_an_enum_stands_alone() -> None:
    """Nothing in its transaction could use it."""
    steps = ("alter type mood add value 'b'", "alter table tasks alter mood set default 'b'")
    assert [each.rule for each in findings(replace(script(), units=(Unit(steps),)))] == ["enum-value"]
    assert findings(script(*steps)) == ()


def test_every_rule_is_tested() -> None:
    """Here, by name."""
    assert {rule.name for rule in RULES} == {*UNSAFE, "enum-value"}


def test_what_squawk_is_not_asked_is_explained() -> None:
    """Where a statement breaks one of its rules on purpose, and nowhere else."""
    lines = explained(
        script(
            "alter table tasks alter column title type text".replace("alter column", "ALTER COLUMN").replace(
                "type", "TYPE"
            )
        )
    )
    assert [line.split(":")[0] for line in lines] == ["squawk changing-column-type"]
    assert explained(script("select 1")) == ()
    assert all(each.why for each in EXEMPTIONS)
