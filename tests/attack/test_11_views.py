"""Threat: views, materialized views, partitions and functions, which have no policies, show what tables hide.

The isolation proof attacks them wherever they are (tests/integration/proof); here: the platform has none that callers
may reach, callers can make none, and one that is made by mistake does leak.
"""

from __future__ import annotations

from freehold.identity import Identity
from freehold.models import functions_of
from tests.attack.attempt import sent
from tests.attack.platform import ALICE, BOB, MODELS, TABLES, Platform

REACHABLE = """
    SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
      AND EXISTS (SELECT FROM unnest(ARRAY['anon', 'authenticated']) AS r (name)
                  WHERE CASE c.relkind WHEN 'S' THEN has_sequence_privilege(r.name, c.oid, 'USAGE, SELECT, UPDATE')
                             ELSE has_any_column_privilege(r.name, c.oid, 'SELECT, INSERT, UPDATE') END)
"""
FUNCTIONS = """
    SELECT p.proname::text, r.name FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    CROSS JOIN unnest(ARRAY['anon', 'authenticated']) AS r (name)
    WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'auth')
      AND has_function_privilege(r.name, p.oid, 'EXECUTE')
"""


def test_callers_reach_the_tables_alone(platform: Platform) -> None:
    """No view, sequence or partition besides the declared tables; of functions those that are declared, as declared."""
    reachable = {row[0] for row in platform.superuser.execute(REACHABLE).fetchall()}
    assert set(MODELS) <= reachable <= {table.name for table in TABLES}
    declared = {(each.name, each.to.value) for table in TABLES for each in functions_of(table)}
    assert set(platform.superuser.execute(FUNCTIONS).fetchall()) == declared
    assert declared  # a control: there are some to be found


def test_callers_make_none(platform: Platform) -> None:
    """Nor a rule or a trigger on a table of somebody's."""
    for statement in (
        "CREATE VIEW public.v AS SELECT * FROM public.tasks",
        "CREATE MATERIALIZED VIEW public.v AS SELECT 1 AS one",
        "CREATE TABLE public.part (LIKE public.tasks)",
        "CREATE TABLE public.child () INHERITS (public.tasks)",
        "CREATE RULE r AS ON SELECT TO public.tasks DO INSTEAD NOTHING",
        "CREATE TRIGGER t BEFORE INSERT ON public.tasks FOR EACH ROW EXECUTE FUNCTION freehold.set_updated_at()",
    ):
        assert sent(platform.login, Identity.user(BOB), statement) == "42501", statement


def test_control(platform: Platform) -> None:
    """A materialized view that was granted by mistake shows everybody's rows."""
    platform.superuser.execute("CREATE MATERIALIZED VIEW public.stale AS SELECT user_id FROM public.tasks")
    platform.superuser.execute("GRANT SELECT ON public.stale TO authenticated")
    try:
        rows = sent(platform.login, Identity.user(BOB), "SELECT user_id FROM public.stale")
        assert (ALICE,) in rows
        assert "stale" in {row[0] for row in platform.superuser.execute(REACHABLE).fetchall()}
    finally:
        platform.superuser.execute("DROP MATERIALIZED VIEW public.stale")
