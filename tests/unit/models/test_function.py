"""Functions that models declare: what is written for them, and what a call of one may share."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Text, func, select

from freehold import Col, Command, Model, Role, column, owner, primary_key, schema
from freehold.models import DefinerFunction, functions_of, schema_statements, table_of
from freehold.scope.compiler import Filter, Reach
from freehold.scope.plan import compile_plan


class Base(Model):
    __abstract__ = True
    metadata = schema()


def named(model: type[Any], *, repeatable: bool = True) -> DefinerFunction:
    """Gives what it is asked for, from the table it belongs to."""
    return DefinerFunction(
        schema="public",
        name="named",
        arguments={"wanted": Text()},
        returns={"found": Text()},
        body="begin return query select t.name from public.things t where t.name = wanted or 'it''s' = wanted; end",
        to=Role.ANON,
        opens={table_of(model): (Command.SELECT, Command.UPDATE)},
        repeatable=repeatable,
    )


class Thing(Base):
    __tablename__ = "things"
    __functions__ = (named,)

    id: Col[str] = primary_key()
    user_id: Col[str] = owner()
    name: Col[str] = column(unique=True, scope="global")


STATEMENTS = schema_statements(Base.metadata)


def _place(start: str) -> int:
    (place,) = (number for number, each in enumerate(STATEMENTS) if each.startswith(start))
    return place


def test_it_is_nobodys_before_it_is_somebodys() -> None:
    """The function comes after the protection of the tables, is revoked from everybody, then granted to one role."""
    created = _place("CREATE FUNCTION")
    assert STATEMENTS[created + 1].endswith("FROM PUBLIC, anon, authenticated, service_role")
    assert STATEMENTS[created + 2].startswith("GRANT EXECUTE ON FUNCTION")
    assert STATEMENTS[created + 2].endswith('TO "anon"')
    assert created > _place("ALTER TABLE public.things FORCE")
    assert "SECURITY DEFINER SET search_path = pg_catalog, pg_temp\n" in STATEMENTS[created]


def test_the_owner_sees_only_what_a_function_needs() -> None:
    """Row security is forced: there is a policy for the owner for the two commands, and for no other."""
    policies = [each for each in STATEMENTS if "TO CURRENT_USER" in each]
    assert [each.split(" FOR ")[1].split(" TO ")[0] for each in policies] == ["SELECT", "UPDATE"]


def test_a_key_among_all_rows() -> None:
    """A column that no caller chooses may be unique for everybody; the key of the table is still owner first."""
    assert "UNIQUE (name)" in STATEMENTS[0]
    assert "PRIMARY KEY (user_id, id)" in STATEMENTS[0]


@pytest.mark.parametrize("repeatable", [True, False])
def test_a_call_shares_a_connection(repeatable: bool) -> None:
    """A declared function is known to leave nothing; the same name without the declaration is known for nothing."""
    (declared,) = functions_of(table_of(Thing))
    assert declared.name == "named"
    plan = compile_plan(named(Thing, repeatable=repeatable).call("a"), Filter(Reach.POLICY), None)
    assert plan.shares
    assert plan.reads is repeatable
    assert not compile_plan(select(func.public.named("a")), Filter(Reach.POLICY), None).shares
