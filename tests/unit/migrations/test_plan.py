"""Planning is pure: order, guards and judgement, without a server."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freehold.catalog import Fact, Kind, Snapshot
from freehold.errors import Code, MigrationError
from freehold.migrations.operation import Phase
from freehold.migrations.plan import plan
from freehold.migrations.summary import summary


def table(name: str = "tasks", *, guarded: bool = True) -> Fact:
    attributes = {"owner": "$owner", "kind": "ordinary", "row_security": guarded, "forced": guarded}
    rest = {"persistence": "permanent", "partition_by": None, "bound": None, "parents": (), "options": ()}
    return Fact.of(Kind.TABLE, ("public", name), {**attributes, **rest, "replica_identity": "d"})


def column(name: str, type_: str = "text", default: str | None = None, *, not_null: bool = False) -> Fact:
    rest = {"generated": None, "stored": None, "identity": None, "identity_options": None, "collation": None}
    attributes = {"type": type_, "default": default, "not_null": not_null, **rest}
    return Fact.of(Kind.COLUMN, ("public", "tasks", name), attributes)


def policy(using: str | None, roles: tuple[str, ...] = ("authenticated",), *, permissive: bool = True) -> Fact:
    attributes = {"command": "SELECT", "permissive": permissive, "roles": roles, "using": using, "check": None}
    return Fact.of(Kind.POLICY, ("public", "tasks", "tasks_select"), attributes)


def grant(role: str = "authenticated", name: str = "tasks") -> Fact:
    return Fact.of(Kind.GRANT, ("table", "public", name, "", role, "SELECT"), {"grantable": False})


def grants(*privileges: str, column: str = "") -> list[Fact]:
    """Of the service's, on the table or on a column of it."""
    kind = "column" if column else "table"
    return [
        Fact.of(Kind.GRANT, (kind, "public", "tasks", column, "service_role", privilege), {"grantable": False})
        for privilege in privileges
    ]


@given(st.permutations([table("a"), table("b"), grant(name="a"), grant("anon", "b"), policy("x")]))
def test_the_order_is_always_the_same(facts: list[Fact]) -> None:
    """However the facts come."""
    first = plan(Snapshot(), Snapshot(facts))
    assert first.up == plan(Snapshot(), Snapshot(reversed(facts))).up
    assert [operation.phase for operation in first.up] == sorted(operation.phase for operation in first.up)


def test_grants_come_after_row_security_is_forced() -> None:
    """For every table, and going back they are revoked or gone before it is lifted."""
    facts = [table("a"), table("b"), grant(name="a"), grant(name="b")]
    up = plan(Snapshot(), Snapshot(facts)).up
    guards = [place for place, operation in enumerate(up) if operation.phase is Phase.ROW_SECURITY]
    grants = [place for place, operation in enumerate(up) if operation.phase is Phase.GRANT]
    assert len(guards) == 4
    assert len(grants) == 2
    assert max(guards) < min(grants)
    guarding = plan(Snapshot([table("a", guarded=False)]), Snapshot([table("a"), grant(name="a")]))
    assert [operation.sql.split()[0] for operation in guarding.down] == ["REVOKE", "ALTER", "ALTER"]


@pytest.mark.parametrize("role", ["anon", "authenticated", "service_role", "public", "reports"])
def test_a_grant_on_an_unguarded_table_is_refused(role: str) -> None:
    """Whoever it is for."""
    with pytest.raises(MigrationError) as refused:
        plan(Snapshot(), Snapshot([table(guarded=False), grant(role)]))
    assert refused.value.code is Code.GRANT_UNGUARDED


def test_a_new_table_is_closed_at_once() -> None:
    """Default privileges may open it: they are taken back in the next statement, also from roles of one's own."""
    attributes = {"grantable": False}
    default = Fact.of(Kind.DEFAULT_PRIVILEGE, ("postgres", "", "TABLES", "reports", "SELECT"), attributes)
    up = plan(Snapshot([default]), Snapshot([default, table()])).up
    assert up[0].sql.startswith("CREATE TABLE")
    assert up[1].sql.startswith('REVOKE ALL ON TABLE "public"."tasks" FROM PUBLIC, "anon"')
    assert up[1].sql.endswith('"reports"')


@pytest.mark.parametrize(
    ("before", "after", "weaker"),
    [
        ("(a = 1)", "((a = 1) AND (b = 2))", False),
        ("((a = 1) AND (b = 2))", "(a = 1)", True),
        ("((a = 1) AND ((b = 2) OR (c = 3)))", "(((a = 1) AND (b = 2)) OR (c = 3))", True),
        ("(a = 1)", "((a = 1) OR (b = 2))", True),
        ("(a = 1)", "(((a = 1) AND (b = 2)) OR true)", True),
        ("(a = 1)", "true", True),
        ("(a = ')')", "((a = ')') AND (b = 2))", False),
        ("(a = 1)", "((a = 1) AND (b = 2)) OR (true)", True),
    ],
)
def test_a_policy_that_is_not_provably_narrower_counts_as_weakened(before: str, after: str, weaker: bool) -> None:
    """Judged on PostgreSQL's own text: parentheses decide."""
    planned = plan(Snapshot([table(), policy(before)]), Snapshot([table(), policy(after)]))
    assert bool(planned.weakened) is weaker
    assert ("WEAKENED" in summary(planned)[0]) is weaker


@pytest.mark.parametrize(
    ("before", "after", "weaker"),
    [
        (policy("x"), policy("x", ("authenticated", "public")), True),
        (policy("x", ("anon", "authenticated")), policy("x"), False),
        (policy("x", permissive=False), policy("x"), True),
        (policy("x", permissive=False), None, True),
        (policy("x"), None, True),
        (None, policy("x"), True),
        (None, policy("x", permissive=False), False),
    ],
)
def test_roles_and_kinds_of_policies_are_judged(before: Fact | None, after: Fact | None, weaker: bool) -> None:
    """More roles of a permissive policy, or a policy less, need somebody who answers for it."""
    one, other = ([table(), *([fact] if fact else [])] for fact in (before, after))
    assert bool(plan(Snapshot(one), Snapshot(other)).weakened) is weaker


def test_row_security_lifted_is_weaker() -> None:
    """Where nobody has a grant it is allowed, and told."""
    planned = plan(Snapshot([table()]), Snapshot([table(guarded=False)]))
    assert planned.weakened == (
        "table public.tasks: row security disabled",
        "table public.tasks: row security not forced",
    )


@pytest.mark.parametrize(
    ("default", "expected"),
    [
        ("'x'::text", ['ALTER TABLE "public"."tasks" ADD COLUMN "new" text DEFAULT \'x\'::text']),
        ("'it''s'::character varying", None),
        ("'{}'::jsonb", None),
        ("0", None),
        ("'-1'::integer", None),
        ("(-1)", None),
        ("true", None),
        ("now()", None),
        ("NULL::text", None),
        ("ARRAY[]::text[]", 2),
        ("gen_random_uuid()", 2),
        ("('a'::text || random())", 2),
        ("'x'::text || clock_timestamp()", 2),
        ("lower('x'::text)", 2),
    ],
)
def test_a_default_that_may_be_volatile_is_set_after_the_column(default: str, expected: list[str] | int | None) -> None:
    """A volatile one would rewrite the table; existing rows keep NULL instead."""
    planned = plan(Snapshot([table()]), Snapshot([table(), column("new", default=default)]))
    if isinstance(expected, list):
        assert [operation.sql for operation in planned.up] == expected
    else:
        assert len(planned.up) == (expected or 1)


@pytest.mark.parametrize("default", [None, "gen_random_uuid()", "auth.uid()", "NULL::text"])
def test_a_column_without_a_value_for_old_rows_is_refused(default: str | None) -> None:
    """NOT NULL needs a constant default on a table that exists; on a new one it does not."""
    new = column("new", default=default, not_null=True)
    with pytest.raises(MigrationError) as refused:
        plan(Snapshot([table()]), Snapshot([table(), new]))
    assert refused.value.code is Code.COLUMN_NEEDS_DEFAULT
    assert plan(Snapshot(), Snapshot([table(), new])).up


def test_drops_are_refused_by_name_and_allowed_on_request() -> None:
    """A dropped table is one drop, however many columns it has."""
    before = Snapshot([table(), column("a"), column("b"), grant()])
    with pytest.raises(MigrationError, match=r"drop table public\.tasks, and") as refused:
        plan(before, Snapshot())
    assert refused.value.code is Code.DROP_REFUSED
    planned = plan(before, Snapshot(), allow_drop=True)
    assert [operation.sql for operation in planned.up] == ['DROP TABLE "public"."tasks"']
    assert planned.irreversible == ("table public.tasks",)


def test_nothing_to_do_is_nothing() -> None:
    """Equal snapshots, no operations."""
    planned = plan(Snapshot([table()]), Snapshot([table()]))
    assert (planned.changes, planned.up, planned.down) == ((), (), ())


def test_the_header_counts() -> None:
    """As the revision's reader wants it."""
    facts = [table(), column("a"), policy("x"), grant(), grant("anon")]
    assert summary(plan(Snapshot(), Snapshot(facts))) == (
        "+1 table, +1 policy, +2 grants, no grant removed, no policy weakened",
    )
    assert "1 grant removed" in summary(plan(Snapshot(facts), Snapshot(facts[:-1])))[0]


EVERYTHING = ("DELETE", "INSERT", "MAINTAIN", "REFERENCES", "SELECT", "TRIGGER", "TRUNCATE", "UPDATE")
ONE = grants("SELECT", column="a")


@pytest.mark.parametrize(
    ("before", "after", "there", "back"),
    [
        ([], grants(*EVERYTHING), ["GRANT ALL"], ["REVOKE ALL"]),
        (grants("SELECT"), grants(*EVERYTHING), ["GRANT ALL"], ["REVOKE ALL", "GRANT SELECT"]),
        (ONE, [*ONE, *grants("MAINTAIN")], ["GRANT MAINTAIN"], ["REVOKE ALL", 'GRANT SELECT ("a")']),
        ([], [*ONE, *grants(*EVERYTHING)], [f'GRANT {", ".join(EVERYTHING)}, SELECT ("a")'], ["REVOKE ALL"]),
        ([], grants("SELECT", "UPDATE"), ["GRANT SELECT, UPDATE"], ["REVOKE SELECT, UPDATE"]),
    ],
)
def test_all_is_said_where_older_servers_lack_a_word(
    before: list[Fact], after: list[Fact], there: list[str], back: list[str]
) -> None:
    """PostgreSQL 15 and 16 refuse MAINTAIN; ALL gives and takes no more than what is meant."""
    base = [table(), column("a")]
    planned = plan(Snapshot([*base, *before]), Snapshot([*base, *after]))
    assert [operation.sql.partition(" ON ")[0] for operation in planned.up] == there
    assert [operation.sql.partition(" ON ")[0] for operation in planned.down] == back
