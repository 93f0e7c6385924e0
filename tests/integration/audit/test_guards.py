"""Taking any one guard away from the platform turns at least one finding red, with SQL that brings it back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from psycopg.conninfo import conninfo_to_dict

from examples.coding_agents.models import User
from freehold.audit.catalog import Catalog, observe
from freehold.audit.definer import Definers
from freehold.audit.drift import Drift
from freehold.audit.found import Found, Severity
from freehold.audit.rules import found
from freehold.catalog import Change, Fact, Kind, Snapshot, read
from freehold.limits.tables import DailyUse
from freehold.migrations.context import Context
from freehold.migrations.rules import RULES as PLANNERS
from freehold.migrations.rules.name import qualified
from freehold.wire import Connection, connect
from tests.attack.platform import REVISIONS
from tests.cluster import APP, OWNER, Cluster

pytestmark = pytest.mark.slow
GUARDS = (Kind.TABLE, Kind.CONSTRAINT, Kind.INDEX, Kind.POLICY, Kind.GRANT)


@pytest.fixture(scope="module")
def platform(cluster: Cluster) -> Iterator[Connection]:
    """The owner's connection to the platform's database; what it changes is rolled back."""
    with cluster.clone(cluster.template("platform", *REVISIONS)) as endpoints:
        assert endpoints.owner is not None
        assert conninfo_to_dict(endpoints.owner)["user"] == OWNER
        with connect(endpoints.owner) as connection:
            yield connection


@pytest.fixture(scope="module")
def declared(platform: Connection) -> Catalog:
    """The catalog of the platform as its models made it."""
    catalog = observe(platform, owner=OWNER, app=APP)
    made = {fact.key for fact in catalog.snapshot.of(Kind.TABLE)}
    known = (*User.metadata.tables.values(), *DailyUse.metadata.tables.values())
    tables = [each for each in known if (each.schema or "public", each.name) in made]
    return replace(catalog, definers=Definers.of(tables, catalog.snapshot))


def _now(platform: Connection, declared: Catalog) -> Catalog:
    """With the guards of now; what else a catalog has stays as it is when one is removed."""
    schemas = declared.snapshot.schemas
    now = read(platform, owner=OWNER, schemas=schemas, kinds=GUARDS)
    others = (fact for fact in declared.snapshot.facts if fact.kind not in GUARDS)
    return replace(declared, snapshot=Snapshot([*others, *now.facts]))


def _judged(now: Catalog, declared: Catalog) -> list[tuple[str, Found]]:
    every = [*found(now), *found(Drift(now, declared.snapshot, "models"))]
    errors = [(rule.id, each) for rule, each in every if (each.severity or rule.severity) is Severity.ERROR]
    return [(name, each) for name, each in errors if name != "AU504"]


def _removals(declared: Catalog) -> Iterator[tuple[str, str]]:
    """Every guard of the platform, with the SQL that takes it away."""
    snapshot = declared.snapshot
    for table in snapshot.of(Kind.TABLE):
        name = qualified(*table.key)
        yield f"{table.name} forced", f"ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY"
        yield f"{table.name} enabled", f"ALTER TABLE {name} DISABLE ROW LEVEL SECURITY"
    guards = [*snapshot.of(Kind.POLICY), *(fact for fact in snapshot.of(Kind.CONSTRAINT) if _composite(fact))]
    guards += [fact for fact in snapshot.of(Kind.GRANT) if fact.key[0] in ("table", "column")]
    for fact in guards:
        context = Context(snapshot, snapshot, ())
        (operation,) = PLANNERS[fact.kind].plan([Change(fact, None)], context)
        yield fact.name, operation.sql + _cascade(fact)


def _composite(fact: Fact) -> bool:
    return fact.text("type") in ("primary key", "foreign key", "unique") and len(fact.names("columns")) > 1


def _cascade(fact: Fact) -> str:
    return " CASCADE" if fact.kind is Kind.CONSTRAINT and fact.text("type") != "foreign key" else ""


def test_the_platform_is_as_declared(platform: Connection, declared: Catalog) -> None:
    """Nothing is red while every guard is there."""
    assert _judged(_now(platform, declared), declared) == []


def test_every_removed_guard_turns_a_finding_red(platform: Connection, declared: Catalog) -> None:
    """Policies, FORCE flags, composite keys, grants on tables and on single columns; and the fix brings it back."""
    removals = list(_removals(declared))
    kinds = {name.split()[0] for name, _ in removals}
    assert kinds >= {"table", "policy", "constraint", "grant"}
    assert len(removals) > 100
    unseen, unmended, tried = [], [], set[str]()
    for name, sql in removals:
        platform.execute(b"begin")
        platform.execute(sql.encode())
        findings = _judged(_now(platform, declared), declared)
        if not findings:
            unseen.append(name)
        sort = " ".join(name.split()[:2]).partition(".")[0] + name.rpartition(".")[2]
        if "CASCADE" not in sql and not (name.startswith("grant") and sort in tried):
            tried.add(sort)
            for statement in dict.fromkeys(each for _, finding in findings for each in finding.fix.sql):
                platform.execute(statement.encode())
            if _judged(_now(platform, declared), declared):
                unmended.append(name)
        platform.execute(b"rollback")
    assert unseen == []
    assert unmended == []


def test_a_widened_guard_turns_a_finding_red(platform: Connection, declared: Catalog) -> None:
    """The other direction: more is granted, a policy says less, or a function that runs as the owner does more."""
    (function,) = declared.snapshot.of(Kind.FUNCTION, "public", "api_tokens_verify")
    verify = function.text("definition").removeprefix("CREATE OR REPLACE ")
    execute = "GRANT EXECUTE ON FUNCTION public.api_tokens_verify(text, text)"
    for sql in (
        "GRANT UPDATE ON public.tasks TO authenticated",
        "GRANT SELECT (access_token) ON public.users TO authenticated",
        "GRANT SELECT ON public.tasks TO anon",
        "ALTER POLICY tasks_select_authenticated ON public.tasks USING (true)",
        "ALTER POLICY tasks_select_authenticated ON public.tasks TO anon, authenticated",
        "CREATE POLICY more ON public.keys FOR SELECT TO authenticated USING (true)",
        "CREATE POLICY more_definer ON public.keys FOR SELECT TO CURRENT_USER USING (true)",
        "GRANT EXECUTE ON FUNCTION public.api_tokens_verify(text) TO authenticated",
        "ALTER FUNCTION public.api_tokens_verify(text) RESET search_path",
        f"CREATE OR REPLACE {verify.replace('t.token_hash = hash', 'true')}",
        f"CREATE {verify.replace('(hash text)', '(hash text, more text)')}; {execute} TO anon",
    ):
        platform.execute(b"begin")
        platform.execute(sql.encode())
        now = replace(observe(platform, owner=OWNER, app=APP), definers=declared.definers)
        assert _judged(now, declared), sql
        platform.execute(b"rollback")
