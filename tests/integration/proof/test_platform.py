"""The platform of the examples: its matrix is as declared, and each guard that is taken away shows."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import Table

from freehold.audit.matrix import Matrix
from freehold.audit.rules import found
from freehold.proof import Proof
from tests.attack.platform import TABLES
from tests.integration.proof.conftest import Prover

CREATION = (
    "public.api_tokens_create(text, text, text, text, jsonb, timestamp with time zone, text, interval): as declared"
)
CALLERS = ["owner", "other", "anon", "none", "forged"]
Platform = tuple[str, Sequence[Table]]


@pytest.fixture(scope="session")
def holed(proven: Prover, platform: Platform) -> Proof:
    """The same with a hole in each of its tables, each of another kind."""
    return proven(
        platform[0],
        "ALTER TABLE settings NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY tasks_select_authenticated ON tasks",
        "ALTER TABLE task_messages DROP CONSTRAINT fk_task_messages_user_id_task_id_tasks",
        "GRANT SELECT (token_hash) ON api_tokens TO authenticated",
        "REVOKE INSERT (description) ON connectors FROM authenticated",
        "CREATE FUNCTION peek(hash text) RETURNS SETOF text LANGUAGE sql SECURITY DEFINER"
        " AS 'SELECT id FROM api_tokens t WHERE t.token_hash = peek.hash'",
        "REVOKE EXECUTE ON FUNCTION api_tokens_create FROM authenticated",
        "GRANT EXECUTE ON FUNCTION api_tokens_create TO anon",
        "DROP POLICY api_tokens_update_definer ON api_tokens",
        "ALTER TABLE connectors DROP CONSTRAINT pk_connectors, ADD PRIMARY KEY (id)",
        "ALTER TABLE keys DISABLE ROW LEVEL SECURITY",
        "CREATE POLICY meta ON api_tokens FOR SELECT TO authenticated"
        " USING (user_id = (SELECT auth.jwt() -> 'user_metadata' ->> 'user_id'))",
        "CREATE POLICY useless ON accounts FOR DELETE TO authenticated USING (false)",
        "GRANT DELETE ON accounts TO anon",
        "CREATE POLICY everybody ON accounts FOR DELETE TO anon USING (true)",
        tables=platform[1],
    )


def wrong(proof: Proof, name: str) -> set[tuple[str, str, str]]:
    """The cells of an entry that are not as declared."""
    return {
        (cell.command, cell.form, cell.caller.value)
        for entry, cell in proof.unsound()
        if entry.name == name and cell.expected != cell.observed
    }


def test_the_platform_is_as_declared(whole: Proof) -> None:
    """Every cell is what the models say, with a control that passed; nothing was left out."""
    assert list(whole.unsound()) == []
    assert whole.gaps == ()
    controls = [
        cell.control
        for entry in whole.entries
        for cell in entry.cells
        if entry.kind == "table" or cell.observed == "denied"
    ]
    assert set(controls) == {"passed"}


def test_every_guard_shows_when_it_is_gone(whole: Proof) -> None:
    """Each policy, privilege, FORCE, row security and composite reference changes a cell when it is taken away."""
    assert (whole.untested_policies, whole.untested_guards) == ((), ())


def test_every_table_command_form_and_caller_has_a_cell(whole: Proof) -> None:
    """Every table that is declared, SELECT in two forms and the others in three, five callers."""
    tables = [entry for entry in whole.entries if entry.kind == "table" and ":" not in entry.name]
    assert {entry.name for entry in tables} == {f"public.{table.name}" for table in TABLES}
    forms = {"SELECT": 2, "INSERT": 3, "UPDATE": 3, "DELETE": 3}
    for entry in tables:
        for command, number in forms.items():
            cells = [cell for cell in entry.cells if cell.command == command]
            assert len(cells) == number * len(CALLERS), (entry.name, command)


def test_the_document_has_its_shape(whole: Proof) -> None:
    """The JSON is what other programs are told it is."""
    document = whole.to_json()
    assert document["version"] == 1
    assert document["callers"] == CALLERS
    assert set(document["server"]) == {"version"}
    table = next(each for each in document["tables"] if each["name"] == "public.tasks")
    assert table["kind"] == "table"
    names = ["command", "form", "caller", "expected", "observed", "how", "sqlstate", "control"]
    assert all(list(cell) == names for cell in table["cells"])
    assert "| public.tasks | SELECT | allowed | no rows | error | no rows | no rows |" in whole.to_markdown()


def test_an_audit_finds_nothing_in_it(whole: Proof) -> None:
    """What is proven here is clean there, where each denial needs its control: functions that turn a caller away too."""
    assert [each.message for _, each in found(Matrix.of(whole.to_json()))] == []


def test_a_missing_policy_shows(holed: Proof) -> None:
    """The owner no longer reads, nor sees what UPDATE with WHERE or RETURNING needs."""
    assert ("SELECT", "bare", "owner") in wrong(holed, "public.tasks")
    assert ("UPDATE", "returning", "owner") in wrong(holed, "public.tasks")
    assert ("UPDATE", "bare", "owner") not in wrong(holed, "public.tasks")


def test_a_missing_force_shows(holed: Proof) -> None:
    """The tables' owner, whose functions a caller may run, reads and writes without claims."""
    found = wrong(holed, "public.settings")
    assert {caller for _, _, caller in found} == {"none"}
    assert {command for command, _, _ in found} == {"SELECT", "INSERT", "UPDATE", "DELETE"}


def test_a_missing_composite_reference_shows(holed: Proof) -> None:
    """A message of one's own refers to another's task."""
    assert ("INSERT", "bare", "other") in wrong(holed, "public.task_messages")


def test_an_opened_column_shows(holed: Proof) -> None:
    """A secret column that was granted is read."""
    assert ("SELECT", "bare", "owner") in wrong(holed, "public.api_tokens: closed columns")


def test_a_revoked_column_and_a_key_without_the_owner_show(holed: Proof) -> None:
    """The owner cannot insert what is declared; somebody else learns from a key that a row exists."""
    found = wrong(holed, "public.connectors")
    assert ("INSERT", "returning", "owner") in found
    assert ("INSERT", "bare", "other") in found


def test_row_security_that_is_off_shows(holed: Proof) -> None:
    """Everybody who has the privilege reads everything."""
    assert {("SELECT", "bare", "other"), ("DELETE", "where", "forged")} <= wrong(holed, "public.keys")


def test_metadata_that_users_write_shows(holed: Proof) -> None:
    """Only claims that name somebody else in their metadata get through."""
    assert {caller for _, _, caller in wrong(holed, "public.api_tokens")} == {"forged"}


def test_a_function_that_is_not_declared_shows(holed: Proof) -> None:
    """One that looks a row up by what nobody reads is a leak; the same, declared, does it for ``anon`` alone."""
    assert {"other", "anon", "forged"} <= {caller for _, _, caller in wrong(holed, "public.peek(text)")}
    (verify,) = (entry for entry in holed.entries if entry.name == "public.api_tokens_verify(text): as declared")
    assert {cell.caller.value for cell in verify.cells if cell.observed == "allowed"} == {"anon"}


def test_a_declared_function_that_is_gone_for_its_callers_shows(holed: Proof) -> None:
    """Who may call it is a guard as well; and what it does as the owner needs each of its policies."""
    assert {"owner", "other", "forged"} <= {caller for _, _, caller in wrong(holed, CREATION)}
    assert ("UPDATE", "where", "none") in wrong(holed, "public.api_tokens: declared functions")


def test_a_privilege_beyond_the_declared_role_shows(holed: Proof) -> None:
    """Also where the function turns the caller away: that it was executed at all is not as declared."""
    (creation,) = (entry for entry in holed.entries if entry.name == CREATION)
    (cell,) = (cell for cell in creation.cells if cell.caller.value == "anon")
    assert (cell.expected, cell.observed, cell.what) == ("denied", "allowed", "be granted, anon")


def test_a_policy_for_everybody_shows_and_a_useless_one_is_named(holed: Proof) -> None:
    """A blind DELETE of somebody who is not signed in works; a policy that admits nothing is untested."""
    assert ("DELETE", "bare", "anon") in wrong(holed, "public.accounts")
    assert "public.accounts.useless" in holed.untested_policies
    assert not holed.sound
