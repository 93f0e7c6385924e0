"""Calls of a function: with what the owner's rows are found by, an argument at a time, and never with what is secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pytest

from freehold.policies import Command
from freehold.proof.attack import Attack
from freehold.proof.caller import ALICE, Caller
from freehold.proof.declared import Declared
from freehold.proof.reach import ReachAttacks, sessions
from freehold.proof.relation import Column, Relation, Routine, Surface, Uniqueness
from freehold.proof.seed import Seeds

TEXT = Column("", "text", "text", "S")
NAMES = ("user_id", "id", "hash")
TABLE = Relation(
    schema="public",
    name="tokens",
    kind="table",
    relkind="r",
    owner="shop_owner",
    row_security=True,
    forced=True,
    parents=(),
    columns=tuple(Column(name, "text", "text", "S") for name in NAMES),
    deletable=frozenset(),
    keys=(Uniqueness("pk", ("user_id", "id"), primary=True), Uniqueness("uq", ("hash",), primary=False)),
    references=(),
    checks=(),
    policies=(),
    grants=(),
)
ROW = {"user_id": f"'{ALICE}'::text", "id": "'i'::text", "hash": "'h'::text"}


class Hidden:
    """A declaration by which nobody reads the hash."""

    def closed(self, command: Command) -> tuple[str, ...]:
        """What is closed."""
        return ("hash",) if command is Command.SELECT else ()


def routine(*arguments: Column, declared: str | None = None) -> Routine:
    """A function ``f``."""
    return Routine("public", "f", False, arguments, "public.f(text)", declared)


@pytest.fixture
def attacks() -> ReachAttacks:
    """Attacks on a surface of one table."""
    seeds = Seeds({"public.tokens": "user_id"}, {("public.tokens", "alice"): ROW})
    declared = cast("Mapping[str, Declared]", {"public.tokens": Hidden()})
    return ReachAttacks(Surface((TABLE,), ()), seeds, ("anon", "authenticated"), declared)


def calls(found: Any) -> set[str]:
    """The statements of the other user."""
    return {each.sql for each in found if each.session.caller is Caller.OTHER}


def test_a_function_is_called_with_every_key(attacks: ReachAttacks) -> None:
    """One that no model declares is called with the secret too: nothing says that it may show the row for it."""
    found = calls(attacks.routine(routine(TEXT)))
    assert {f'SELECT * FROM "public"."f"({value})' for value in ROW.values()} <= found
    assert len(found) == len(ROW) + 1


def test_a_declared_function_is_called_without_the_secret(attacks: ReachAttacks) -> None:
    """What nobody reads is what it is for; with everything else that is known it shows nothing."""
    found = calls(attacks.routine(routine(TEXT, declared="public.f(text)"), ("'used'::text",)))
    assert not any("'h'" in each for each in found)
    assert any("'i'" in each for each in found)
    assert any("'used'" in each for each in found)


def test_an_argument_gets_only_what_is_of_its_kind(attacks: ReachAttacks) -> None:
    """The owner's id fits a uuid, a text does not fit a number."""
    number, id_ = Column("", "integer", "int4", "N"), Column("", "uuid", "uuid", "U")
    assert calls(attacks.routine(routine(number))) == {'SELECT * FROM "public"."f"((50)::integer)'}
    assert any(f"'{ALICE}'::uuid" in each for each in calls(attacks.routine(routine(id_))))


def test_everybody_but_the_tables_owner_calls(attacks: ReachAttacks) -> None:
    """Each must be denied, but for the owner of the rows, of whom nothing is declared."""
    made = list(attacks.routine(routine()))
    assert [each.session for each in made] == list(sessions())
    assert all(each.expected is (None if each.session.caller is Caller.OWNER else False) for each in made)


def test_a_declared_function_is_for_one_role(attacks: ReachAttacks) -> None:
    """What it does, and the privilege, are that role's; without claims one cannot know what it does."""

    def expected(found: Attack) -> bool | None:
        return found.expected

    declared = routine(TEXT, declared="public.f(text)")
    for session in sessions():
        signed_in = session.role == "authenticated"
        use = attacks.use(declared, "authenticated", session, ("'a'",))
        assert expected(use) is (None if signed_in and session.user is None else signed_in)
        assert expected(attacks.privilege(declared, "authenticated", session)) is signed_in


def test_the_answer_is_compared_without_the_owners_rows(attacks: ReachAttacks) -> None:
    """Whose a row in an answer is shows only when they are gone."""
    (attack, *_) = attacks.routine(routine())
    assert attack.judge == "difference"
    assert attack.without == f'DELETE FROM "public"."tokens" WHERE "user_id" = {ROW["user_id"]}'
    assert "DISABLE ROW LEVEL SECURITY" in attack.opening
