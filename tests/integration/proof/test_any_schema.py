"""Schemas that no model declares, as they are taken over: rows are found for them, or it is said that none were."""

from __future__ import annotations

from freehold.proof import Proof
from tests.integration.proof.conftest import Prover

OWNED = (
    "ALTER TABLE {0} ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE {0} FORCE ROW LEVEL SECURITY",
    "CREATE POLICY {0}_read ON {0} FOR SELECT TO authenticated USING (user_id = (SELECT auth.uid()))",
    "CREATE POLICY {0}_add ON {0} FOR INSERT TO authenticated WITH CHECK (user_id = (SELECT auth.uid()))",
    "GRANT SELECT, INSERT ON {0} TO authenticated",
)
TYPES = """
    CREATE TYPE mood AS ENUM ('glad', 'sad');
    CREATE DOMAIN code AS text CHECK (VALUE ~ '^[A-Z]{3}$');
    CREATE TABLE kinds (name text PRIMARY KEY);
    CREATE TABLE things (
        id bigint GENERATED ALWAYS AS IDENTITY,
        user_id uuid NOT NULL,
        parent bigint,
        kind text NOT NULL REFERENCES kinds,
        mood mood NOT NULL,
        currency code NOT NULL,
        address text NOT NULL CHECK (address ~ '^[^@]+@[^@]+$'),
        title text NOT NULL CHECK (char_length(title) >= 20 AND char_length(title) <= 24),
        sealed text NOT NULL CHECK (sealed LIKE 'fh1.%'),
        amount numeric NOT NULL CHECK (amount BETWEEN 10 AND 20),
        doubled numeric GENERATED ALWAYS AS (amount * 2) STORED,
        short varchar(5) NOT NULL,
        tags text[] NOT NULL,
        place inet NOT NULL,
        span tstzrange NOT NULL,
        document jsonb NOT NULL,
        raw bytea NOT NULL,
        due date NOT NULL,
        PRIMARY KEY (user_id, id),
        UNIQUE (user_id, short),
        FOREIGN KEY (user_id, parent) REFERENCES things (user_id, id)
    )
"""
EVENTS = """
    CREATE TABLE events (id uuid NOT NULL DEFAULT gen_random_uuid(), user_id uuid NOT NULL, at timestamptz NOT NULL,
                         PRIMARY KEY (user_id, id, at)) PARTITION BY RANGE (at);
    CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')
"""


def owned(table: str) -> tuple[str, ...]:
    """Statements that protect a table."""
    return tuple(statement.format(table) for statement in OWNED)


def entries(proof: Proof) -> dict[str, str]:
    """What was looked at: name to kind."""
    return {entry.name: entry.kind for entry in proof.entries}


def leaks(proof: Proof, name: str) -> set[str]:
    """The callers who got through where they should not."""
    return {cell.caller.value for entry, cell in proof.unsound() if entry.name == name and cell.observed == "allowed"}


def test_rows_are_found_for_types_and_constraints(proven: Prover, bare: str) -> None:
    """Enums, domains, checks, references, generated and identity columns: the table is looked at, and sound."""
    proof = proven(
        bare,
        TYPES,
        *owned("things"),
        "ALTER TABLE kinds ENABLE ROW LEVEL SECURITY; ALTER TABLE kinds FORCE ROW LEVEL SECURITY",
    )
    assert proof.gaps == ()
    assert entries(proof) == {"public.kinds": "table", "public.things": "table"}
    assert leaks(proof, "public.things") == set()
    assert proof.untested_policies == ()


def test_what_cannot_have_a_row_is_not_proven(proven: Prover, bare: str) -> None:
    """A table whose CHECK no row was found for is named with its reason, and has no cells."""
    puzzle = "CREATE TABLE puzzle (user_id uuid PRIMARY KEY, answer text NOT NULL CHECK (md5(answer) LIKE '00000%'))"
    proof = proven(bare, puzzle, *owned("puzzle"))
    assert [gap.name for gap in proof.gaps] == ["public.puzzle"]
    assert "puzzle_answer_check" in proof.gaps[0].reason
    assert "public.puzzle" not in entries(proof)
    assert not proof.complete


def test_a_partition_that_is_reached_directly_leaks(proven: Prover, bare: str) -> None:
    """The parent's policies do not hold for its partition; with policies of its own it is sound."""
    open_partition = proven(bare, EVENTS, *owned("events"), "GRANT SELECT ON events_2026 TO authenticated")
    assert entries(open_partition)["public.events_2026"] == "partition"
    assert leaks(open_partition, "public.events") == set()
    assert {"other", "forged"} <= leaks(open_partition, "public.events_2026")
    closed = proven(bare, EVENTS, *owned("events"), *owned("events_2026"))
    assert leaks(closed, "public.events_2026") == set()


def test_views_and_functions_that_look_past_policies_leak(proven: Prover, bare: str) -> None:
    """A definer's view, a count, a materialized view and a definer's function show that others have rows."""
    proof = proven(
        bare,
        "CREATE TABLE notes (id uuid DEFAULT gen_random_uuid(), user_id uuid NOT NULL, text text NOT NULL, PRIMARY KEY (user_id, id))",
        *(each for each in owned("notes") if "FORCE" not in each),
        "CREATE VIEW definer AS SELECT text FROM notes",
        "CREATE VIEW counted AS SELECT count(*) FROM notes",
        "CREATE VIEW invoker WITH (security_invoker) AS SELECT text FROM notes",
        "CREATE MATERIALIZED VIEW stale AS SELECT text FROM notes",
        "CREATE FUNCTION total() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM notes'",
        "CREATE FUNCTION mine() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM notes'",
        "CREATE FUNCTION erase(who uuid) RETURNS void LANGUAGE sql SECURITY DEFINER AS 'DELETE FROM notes WHERE user_id = who'",
        "GRANT SELECT ON definer, counted, invoker, stale TO authenticated",
    )
    for name in ("public.definer", "public.counted", "public.stale", "public.total()", "public.erase(uuid)"):
        assert {"other", "forged"} <= leaks(proof, name), name
    for name in ("public.invoker", "public.mine()"):
        assert name in entries(proof)
        assert leaks(proof, name) == set(), name


def test_a_predicate_that_lets_null_through_leaks(proven: Prover, bare: str) -> None:
    """Without claims, ``coalesce`` gives the rows to whoever has none."""
    proof = proven(
        bare,
        "CREATE TABLE notes (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), user_id uuid NOT NULL)",
        *owned("notes")[:2],
        "CREATE POLICY p ON notes TO authenticated USING (user_id = coalesce((SELECT auth.uid()), user_id))",
        "GRANT SELECT, DELETE ON notes TO authenticated",
    )
    assert leaks(proof, "public.notes") == {"none"}
