"""A small clean database with one owned table, in which each test breaks something and takes it back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from psycopg.conninfo import conninfo_to_dict

from freehold.audit.catalog import Catalog, observe
from freehold.audit.explain import explain
from freehold.audit.rule import Rule
from freehold.audit.rules import found
from freehold.wire import Connection, connect
from tests.cluster import APP, OWNER, Cluster

CLEAN = (
    """create table public.notes (
        id uuid not null, user_id uuid not null default auth.uid(), title text, created_at timestamptz not null default now(),
        constraint notes_pkey primary key (user_id, id))""",
    "alter table public.notes enable row level security",
    "alter table public.notes force row level security",
    "create policy notes_select on public.notes for select to authenticated using (user_id = (select auth.uid()))",
    "create policy notes_insert on public.notes for insert to authenticated with check (user_id = (select auth.uid()))",
    """create policy notes_update on public.notes for update to authenticated
       using (user_id = (select auth.uid())) with check (user_id = (select auth.uid()))""",
    "create policy notes_delete on public.notes for delete to authenticated using (user_id = (select auth.uid()))",
    "grant select, delete on public.notes to authenticated",
    "grant insert (id, title), update (title) on public.notes to authenticated",
)

Break = Callable[..., AbstractContextManager[Connection]]


@pytest.fixture(scope="session")
def zoo(cluster: Cluster) -> Iterator[Connection]:
    """A superuser's connection to the clean database; what it changes is rolled back."""
    with cluster.clone(cluster.template("audit", *CLEAN)) as endpoints:
        name = str(conninfo_to_dict(endpoints.login)["dbname"])
        with connect(cluster.admin_dsn(name)) as connection:
            yield connection


@pytest.fixture
def broken(zoo: Connection) -> Break:
    """A block in which the statements given have run, as the owner unless ``superuser``."""

    @contextmanager
    def block(statements: str, *, superuser: bool = False) -> Iterator[Connection]:
        zoo.execute(b"begin; set local search_path = public")
        try:
            zoo.execute(b"" if superuser else f"set local role {OWNER}".encode())
            zoo.execute(statements.encode())
            zoo.execute(b"reset role")
            yield zoo
        finally:
            zoo.execute(b"rollback")

    return block


def catalog_of(connection: Connection) -> Catalog:
    """The catalog as it is inside the transaction."""
    return observe(connection, owner=OWNER, app=APP)


def violated(connection: Connection) -> dict[str, list[str]]:
    """The messages of every rule about catalogs and plans, by rule."""
    catalog = catalog_of(connection)
    seen: dict[str, list[str]] = {}
    for rule, each in (*found(catalog), *found(explain(connection, catalog))):
        if rule.id != "AU504":  # the server's version is not the schema's
            seen.setdefault(rule.id, []).append(each.message)
    return seen


def about_a_schema(rule: Rule[object]) -> bool:
    """Whether the example of a rule is SQL."""
    return rule.example is not None and rule.about.__name__ in ("Catalog", "Plans")
