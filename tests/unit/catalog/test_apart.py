"""What is the application's, and what is not: by name and owner, the same for two snapshots that are compared."""

from __future__ import annotations

import pytest

from freehold.catalog import OWNER, Fact, Kind, Snapshot, apart

TABLE = {"owner": OWNER, "row_security": True}
SCHEMA = Fact.of(Kind.SCHEMA, ("public",), {"owner": None})


def _split(*facts: Fact) -> tuple[list[str], list[str], tuple[str, ...]]:
    told = apart(Snapshot([SCHEMA, *facts]))
    own = [fact.name for fact in told.own.facts if fact != SCHEMA]
    return own, [fact.name for fact in told.foreign], told.tools


@pytest.mark.parametrize(
    ("fact", "tool"),
    [
        (Fact.of(Kind.TABLE, ("public", "alembic_version"), TABLE), "Alembic"),
        (Fact.of(Kind.COLUMN, ("public", "alembic_version", "version_num"), {}), "Alembic"),
        (Fact.of(Kind.GRANT, ("table", "public", "alembic_version", "", "anon", "SELECT"), {}), "Alembic"),
        (Fact.of(Kind.COMMENT, ("table", "public", "alembic_version", "{}"), {}), "Alembic"),
        (Fact.of(Kind.SEQUENCE, ("public", "x"), {"owned_by": ("public", "__drizzle_migrations", "id")}), "Drizzle"),
        (Fact.of(Kind.SCHEMA, ("drizzle",), {"owner": OWNER}), "Drizzle"),
        (Fact.of(Kind.SCHEMA, ("storage",), {"owner": "supabase_admin"}), "Supabase"),
    ],
)
def test_a_tools_own_is_recognised(fact: Fact, tool: str) -> None:
    """Tables and all that is theirs; schemas whole."""
    assert _split(fact) == ([], [fact.name], (tool,))


@pytest.mark.parametrize(
    "fact",
    [
        Fact.of(Kind.GRANT, ("table", "public", "t", "", "metabase", "SELECT"), {}),
        Fact.of(Kind.GRANT, ("schema", "public", "", "", "anon", "USAGE"), {}),
        Fact.of(Kind.DEFAULT_PRIVILEGE, ("postgres", "public", "TABLES", "anon", "SELECT"), {}),
        Fact.of(Kind.POLICY, ("public", "t", "p"), {"roles": ("authenticated", "metabase")}),
        Fact.of(
            Kind.CONSTRAINT,
            ("public", "t", "fk"),
            {"type": "foreign key", "definition": "FOREIGN KEY (a) REFERENCES auth.users(id) ON DELETE CASCADE"},
        ),
    ],
)
def test_what_only_this_server_has_is_left_alone(fact: Fact) -> None:
    """Roles of other programs, the host's defaults, references into its schemas."""
    assert _split(fact) == ([], [fact.name], ())


@pytest.mark.parametrize(
    "fact",
    [
        Fact.of(Kind.TABLE, ("public", "tasks"), TABLE),
        Fact.of(Kind.SCHEMA, ("storage",), {"owner": OWNER}),
        Fact.of(Kind.GRANT, ("table", "public", "t", "", "public", "SELECT"), {}),
        Fact.of(Kind.POLICY, ("public", "t", "p"), {"roles": ("anon", "authenticated")}),
        Fact.of(
            Kind.CONSTRAINT,
            ("public", "t", "fk"),
            {"type": "foreign key", "definition": 'FOREIGN KEY (a) REFERENCES public."Odd"(id)'},
        ),
    ],
)
def test_the_applications_own_stays(fact: Fact) -> None:
    """The control: nothing that guards or holds rows is overlooked, and a name alone does not make a host's schema."""
    assert _split(fact) == ([fact.name], [], ())
