"""Threat: raw SQL, as the login role, with an identity set or none; the policies alone must hold.

Eight tables x four commands x five callers, each command bare, with WHERE and with RETURNING. Afterwards the service
reads the tables again, because a blind UPDATE changes rows that it does not show. For each denial the same statement
succeeds on a copy without protection.
"""

from __future__ import annotations

import psycopg
import pytest

from freehold import Command
from freehold.models import rules_of, table_of
from tests.attack.platform import (
    ALICE,
    ATTACKERS,
    BOB,
    CALLERS,
    CAROL,
    MODELS,
    Caller,
    Platform,
    attacks,
    key_of_row,
    roles_for,
    settings_of,
)

CELLS = [pytest.param(table, command, id=f"{table}-{command.value.lower()}") for table in MODELS for command in Command]


def attempt(platform: Platform, caller: Caller, statement: str) -> list[str] | None:
    """Runs a statement as ``caller`` in a transaction that commits; the ids it showed, or None if it was denied."""
    try:
        with platform.login.transaction():
            for name, value in settings_of(caller):
                platform.login.execute("SELECT set_config(%s, %s, true)", (name, value))
            cursor = platform.login.execute(statement.encode())
            return [str(row[0]) for row in cursor.fetchall()] if cursor.description else []
    except psycopg.errors.InsufficientPrivilege:
        return None


@pytest.mark.parametrize("caller", CALLERS, ids=[caller.name for caller in CALLERS])
@pytest.mark.parametrize(("table", "command"), CELLS)
def test_a_cell(platform: Platform, table: str, command: Command, caller: Caller) -> None:
    """What the models declare is what PostgreSQL does."""
    expected = caller.expects(table_of(MODELS[table]), command)
    own = BOB if caller.name == "other" else None
    for form, attack in attacks(table, command):
        statement = attack
        if caller.name == "owner" and command is Command.INSERT:
            statement = attack.replace(f"'{CAROL}'", f"'{ALICE}'").replace(f"{CAROL}-", f"{ALICE}-")
            platform.make_room(table)
        before = {user: platform.rows_of(table, user) for user in (ALICE, CAROL, "mallory")}
        shown = attempt(platform, caller, statement)
        after = {user: platform.rows_of(table, user) for user in before}
        if expected == "denied":
            assert shown is None, form
        else:
            assert shown is not None, form
        if expected == "done":
            assert set(shown or ()) <= {key_of_row(table, ALICE), "planted"}, form
            assert (before != after) == (command is not Command.SELECT), form
            assert before[CAROL] == after[CAROL], form
            assert (form in ("bare", "where", "count") and command is not Command.SELECT) or shown, form
        else:
            assert set(shown or ()) <= ({key_of_row(table, own)} if own else set()), form
            assert before == after, form
        platform.restore()


@pytest.mark.parametrize("caller", ATTACKERS, ids=[caller.name for caller in ATTACKERS])
@pytest.mark.parametrize(("table", "command"), CELLS)
def test_a_control(unprotected: Platform, table: str, command: Command, caller: Caller) -> None:
    """Without protection the same statements reach Alice's row, or plant one: the cells above are not vacuous."""
    for form, statement in attacks(table, command):
        before = unprotected.rows(table)
        shown = attempt(unprotected, caller, statement)
        assert shown is not None, form
        if command is Command.SELECT:
            assert key_of_row(table, ALICE) in shown, form
        else:
            assert unprotected.rows(table) != before, form
        unprotected.restore()


@pytest.mark.parametrize("table", MODELS)
def test_a_row_cannot_be_given_away_or_taken(platform: Platform, table: str) -> None:
    """The owner column is not to be named in UPDATE, by anybody."""
    column = "id" if table == "users" else "user_id"
    for caller in ATTACKERS:
        for statement in (
            f"UPDATE public.{table} SET {column} = '{BOB}' WHERE id = '{key_of_row(table, ALICE)}'",
            f"UPDATE public.{table} SET {column} = '{CAROL}'",
        ):
            before = platform.content()
            assert attempt(platform, caller, statement) is None
            assert platform.content() == before


@pytest.mark.parametrize("table", [table for table in MODELS if table not in ("users", "tasks")])
def test_the_owner_column_control(unprotected: Platform, table: str) -> None:
    """Without protection it is taken (of users and tasks it is held by the rows that refer to them)."""
    statement = f"UPDATE public.{table} SET user_id = '{CAROL}' WHERE id = '{key_of_row(table, ALICE)}'"
    if table == "task_messages":
        statement = statement.replace("SET ", f"SET task_id = '{CAROL}-tasks', ")
    assert attempt(unprotected, ATTACKERS[0], statement) is not None
    assert unprotected.rows_of(table, CAROL) != ""


COLUMNS = [
    pytest.param(table, column.name, id=f"{table}-{column.name}")
    for table, model in MODELS.items()
    for column in table_of(model).columns
]


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_columns_are_as_open_as_declared(platform: Platform, table: str, column: str) -> None:
    """The privilege on every column for every command, for both of the callers' roles, from the declaration."""
    declared = table_of(MODELS[table])
    for role in ("anon", "authenticated"):
        for command in (Command.SELECT, Command.INSERT, Command.UPDATE):
            wanted = role in roles_for(declared, command) and rules_of(declared).of(column).allows(command)
            query = "SELECT has_column_privilege(%s, %s, %s, %s)"
            found = platform.superuser.execute(query, (role, f"public.{table}", column, command.value)).fetchone()
            assert found == (wanted,), (role, command)


@pytest.mark.parametrize("table", MODELS)
def test_no_privilege_beyond_the_four(platform: Platform, table: str) -> None:
    """No TRUNCATE, REFERENCES, TRIGGER or MAINTAIN for callers or PUBLIC; row security enabled and forced."""
    query = """
        select count(*) filter (where a.privilege_type not in ('SELECT', 'INSERT', 'UPDATE', 'DELETE')),
               count(*) filter (where a.grantee = 0), bool_and(c.relrowsecurity and c.relforcerowsecurity)
        from pg_class c cross join aclexplode(c.relacl) a
        where c.oid = %s::regclass and a.grantee <> c.relowner
    """
    assert platform.superuser.execute(query, (f"public.{table}",)).fetchone() == (0, 0, True)
