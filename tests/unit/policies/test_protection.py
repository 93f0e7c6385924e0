"""The DDL that keeps rows apart: exactly these statements, in this order."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import pytest

from examples.coding_agents import models as platform
from freehold import Access, Col, Command, Policy, Role, belongs_to, caller_id, column, owner, primary_key
from freehold.models import protection_of, schema_statements, table_of
from tests.integration.scope import models as scope
from tests.unit.models.declare import base

METADATA = [platform.Task.metadata, scope.Base.metadata]


def statements(model: Any) -> list[str]:
    """The protection of a model, each statement on one line."""
    return [" ".join(each.split()) for each in protection_of(table_of(model)).statements()]


OPENING = [
    "REVOKE ALL ON TABLE public.things FROM PUBLIC, anon, authenticated, service_role",
    "ALTER TABLE public.things ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE public.things FORCE ROW LEVEL SECURITY",
]


def _service(*commands: str) -> list[str]:
    return [f'GRANT {command} ON TABLE public.things TO "service_role"' for command in commands]


def test_an_owned_table() -> None:
    """Four policies, the identity wrapped so that it runs once per statement, and grants of columns where some are shut."""

    class Thing(base()):
        __tablename__ = "things"
        id: Col[UUID] = primary_key()
        user_id: Col[UUID] = owner()
        title: Col[str]
        token: Col[str] = column(select=False)
        status: Col[str] = column(default="new", insert=False, update=False)

    mine = "public.things.user_id = (SELECT auth.uid())"
    policy = 'CREATE POLICY "things_{0}_authenticated" ON public.things AS PERMISSIVE FOR {1} TO "authenticated"'
    assert statements(Thing) == [
        *OPENING,
        f"{policy.format('select', 'SELECT')} USING ({mine})",
        f"{policy.format('insert', 'INSERT')} WITH CHECK ({mine})",
        f"{policy.format('update', 'UPDATE')} USING ({mine}) WITH CHECK ({mine})",
        f"{policy.format('delete', 'DELETE')} USING ({mine})",
        'GRANT SELECT ("id", "user_id", "title", "status") ON TABLE public.things TO "authenticated"',
        *_service("SELECT"),
        'GRANT INSERT ("id", "user_id", "title", "token") ON TABLE public.things TO "authenticated"',
        *_service("INSERT"),
        'GRANT UPDATE ("title", "token") ON TABLE public.things TO "authenticated"',
        *_service("UPDATE"),
        'GRANT DELETE ON TABLE public.things TO "authenticated"',
        *_service("DELETE"),
    ]


def test_a_text_owner() -> None:
    """Ids that are no UUIDs would make auth.uid() raise."""

    class Thing(base()):
        __tablename__ = "things"
        id: Col[str] = primary_key()
        user_id: Col[str] = owner(commands={Command.SELECT})

    assert statements(Thing)[3:5] == [
        (
            'CREATE POLICY "things_select_authenticated" ON public.things AS PERMISSIVE FOR SELECT TO "authenticated"'
            " USING (public.things.user_id = (SELECT auth.jwt() ->> 'sub'))"
        ),
        'GRANT SELECT ON TABLE public.things TO "authenticated"',
    ]


def test_a_public_table() -> None:
    """Everybody reads, the service writes."""

    class Thing(base()):
        __tablename__ = "things"
        __access__ = Access.PUBLIC_READ
        id: Col[UUID] = primary_key()

    assert statements(Thing) == [
        *OPENING,
        (
            'CREATE POLICY "things_select_anon_authenticated" ON public.things AS PERMISSIVE FOR SELECT'
            ' TO "anon", "authenticated" USING (true)'
        ),
        'GRANT SELECT ON TABLE public.things TO "anon"',
        'GRANT SELECT ON TABLE public.things TO "authenticated"',
        *_service("SELECT", "INSERT", "UPDATE", "DELETE"),
    ]


def test_a_table_of_the_service() -> None:
    """No policy and no grant for callers."""

    class Thing(base()):
        __tablename__ = "things"
        __access__ = Access.SERVICE_ONLY
        id: Col[UUID] = primary_key()

    assert statements(Thing) == [*OPENING, *_service("SELECT", "INSERT", "UPDATE", "DELETE")]


def test_policies_of_ones_own() -> None:
    """They replace the owner policy of their command, and only of theirs; values are written as literals."""

    class Thing(base()):
        __tablename__ = "things"
        __policies__ = (
            Policy(
                Command.SELECT,
                to=(Role.AUTHENTICATED, Role.ANON),
                using=lambda t: (t.user_id == caller_id()) | (t.title == "it's"),
            ),
        )
        id: Col[str] = primary_key()
        user_id: Col[str] = owner()
        title: Col[str]

    policies = [each for each in statements(Thing) if each.startswith("CREATE POLICY")]
    assert len(policies) == 4
    assert (
        'CREATE POLICY "things_select_anon_authenticated" ON public.things AS PERMISSIVE FOR SELECT'
        ' TO "anon", "authenticated" USING (public.things.user_id = (SELECT auth.jwt() ->> \'sub\')'
        " OR public.things.title = 'it''s')"
    ) in policies
    assert 'GRANT SELECT ON TABLE public.things TO "anon"' in statements(Thing)


@pytest.mark.parametrize("metadata", METADATA, ids=["platform", "scope"])
def test_what_holds_for_every_table(metadata: Any) -> None:
    """Enabled and forced before any grant; no FOR ALL, no PUBLIC, no wide privilege; identities wrapped."""
    for table in metadata.sorted_tables:
        lines = list(protection_of(table).statements())
        kinds = [line.split()[0] for line in lines]
        assert kinds == sorted(kinds, key=["REVOKE", "ALTER", "CREATE", "GRANT"].index)
        assert [line.rsplit(" ", 4)[1] for line in lines[1:3]] == ["ENABLE", "FORCE"]
        for line in lines[1:]:
            assert "PUBLIC" not in line
            assert "FOR ALL" not in line
            assert not re.search(r"\b(TRUNCATE|REFERENCES|TRIGGER|ALL PRIVILEGES|WITH GRANT)\b", line)
            bare = re.sub(r"\(SELECT auth\.(uid\(\)|jwt\(\) ->> '\w+')\)", "", line)
            assert "auth." not in bare
        for line in (each for each in lines if each.startswith("CREATE POLICY")):
            assert re.search(r"FOR (SELECT|INSERT|UPDATE|DELETE) TO \"(anon|authenticated)\"", line)
            assert ("USING" in line) == ("FOR INSERT" not in line)
            assert ("WITH CHECK" in line) == ("FOR INSERT" in line or "FOR UPDATE" in line)


@pytest.mark.parametrize("metadata", METADATA, ids=["platform", "scope"])
def test_every_table_is_made_before_it_is_protected_and_protected_before_it_is_granted(metadata: Any) -> None:
    """The whole schema's statements, in a runnable order."""
    lines = schema_statements(metadata)
    for table in metadata.sorted_tables:
        name = f"public.{table.name}"
        created = next(i for i, line in enumerate(lines) if line.startswith(f"CREATE TABLE {name} "))
        forced = lines.index(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY")
        granted = [i for i, line in enumerate(lines) if line.startswith("GRANT") and f"ON TABLE {name} " in line]
        assert created < forced < min(granted)


def test_keys_and_references_are_owner_first() -> None:
    """Primary key, foreign key, unique constraint and index begin with the owner."""
    base_ = base()

    class Parent(base_):
        __tablename__ = "parents"
        id: Col[UUID] = primary_key()
        user_id: Col[UUID] = owner()
        name: Col[str] = column(unique=True)
        rank: Col[int] = column(default=0, index=True)

    class Child(base_):
        __tablename__ = "children"
        id: Col[UUID] = primary_key()
        user_id: Col[UUID] = owner()
        parent_id: Col[UUID] = belongs_to(Parent, on_delete="restrict")

    ddl = " ".join(" ".join(schema_statements(base_.metadata)).split())
    assert "CONSTRAINT pk_parents PRIMARY KEY (user_id, id)" in ddl
    assert "CONSTRAINT uq_parents_user_id_name UNIQUE (user_id, name)" in ddl
    assert "CREATE INDEX ix_parents_user_id_rank ON public.parents (user_id, rank)" in ddl
    assert (
        "CONSTRAINT fk_children_user_id_parent_id_parents FOREIGN KEY(user_id, parent_id)"
        " REFERENCES public.parents (user_id, id) ON DELETE RESTRICT"
    ) in ddl
    assert "user_id UUID DEFAULT (auth.uid()) NOT NULL" in ddl
