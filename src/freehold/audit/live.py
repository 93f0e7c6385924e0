"""Looking at a live database: its catalog, what differs from what was declared, plans of callers' statements, pgrls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from freehold.audit import adopted
from freehold.audit.catalog import CALLERS, Catalog, hosted, observe
from freehold.audit.drift import Drift
from freehold.audit.explain import explain
from freehold.audit.found import Surface
from freehold.audit.looked import Looked, Request, Seen
from freehold.audit.rules import found
from freehold.catalog import OWNER, read
from freehold.errors import FreeholdError
from freehold.server import Endpoints
from freehold.wire import Connection, connect

_SUPPORTED: Final = range(15, 19)
_KNOWN: Final = frozenset({*CALLERS, "public", "service_role", OWNER})


def look_at(connection: Connection, endpoints: Endpoints, request: Request, looked: Looked) -> None:
    """Looks at a live database. ``connection``: the owner's, or the application's login. Raises `DatabaseError`."""
    major, minor = divmod(connection.info.server_version, 10000)
    looked.targets.append(f"database {connection.info.dbname} on PostgreSQL {major}.{minor}")
    settings = request.settings
    owner = connection.info.user if endpoints.owner else f"{settings.app}_owner"
    development = endpoints.server is not None
    catalog = observe(connection, owner=owner, app=settings.app, development=development)
    catalog = replace(catalog, definers=looked.definers, secrets=looked.secrets)
    looked.catalog = catalog
    seen: list[Seen] = list(found(catalog, looked.failed))
    _strange(connection, catalog, major, looked)
    seen += _drift(connection, catalog, looked)
    seen += _explained(endpoints, catalog, looked)
    seen += ask_pgrls(connection, catalog, seen, request, looked)
    looked.add(seen, Surface.DATABASE)


def _strange(connection: Connection, catalog: Catalog, major: int, looked: Looked) -> None:
    """What about this database the rules do not know."""
    if major not in _SUPPORTED:
        looked.gap(f"what PostgreSQL {major} adds", "the rules know 15 to 18", "upgrade the server, or freehold")
    missing = [name for name in CALLERS if name not in catalog.roles]
    if missing:
        looked.gap(
            "what callers reach",
            f"the server has no role {' and no role '.join(missing)}, so no grant could be judged",
            "freehold bootstrap",
        )
    if catalog.app not in catalog.roles:
        looked.gap(
            "the application's login",
            f"the server has no role {catalog.app}",
            "freehold bootstrap, or name the login's role with FREEHOLD_APP",
        )
    if hosted(connection):
        looked.gap(
            "schemas of the host (storage, realtime, vault ...)",
            "Supabase keeps them",
            "its own advisors",
            needed=False,
        )
    others = sorted({grant.key[4] for table in catalog.tables for grant in table.grants} - _KNOWN - {catalog.app})
    if others:
        looked.gap(
            f"what {', '.join(others)} may do",
            "only anon and authenticated are what callers are here",
            "give callers' rights to these two roles",
            needed=False,
        )
    if not catalog.tables:
        looked.gap("tables", "the database has none that this role can see", "freehold migrate")


def _drift(connection: Connection, catalog: Catalog, looked: Looked) -> Iterator[Seen]:
    if looked.declared is None:
        looked.gap(
            "whether the database is what was declared",
            "there are neither models nor revisions to compare it with",
            "set FREEHOLD_MODELS or FREEHOLD_MIGRATIONS",
        )
        return
    schemas = looked.declared.schemas
    live = read(connection, owner=catalog.owner, schemas=schemas)
    declared = looked.declared
    yield from found(
        Drift(replace(catalog, snapshot=live), declared, "models" if looked.models else "revisions"), looked.failed
    )


def _explained(endpoints: Endpoints, catalog: Catalog, looked: Looked) -> Iterator[Seen]:
    """Plans are made as the caller, which only the application's login can become."""
    if any(name not in catalog.roles for name in CALLERS):
        return
    try:
        with connect(endpoints.login) as login:
            plans = explain(login, catalog)
    except FreeholdError as error:
        looked.missed("plans of callers' statements", error)
        return
    failed = [each for each in plans.explained if each.plan is None and each.sqlstate not in ("42P17", "42501")]
    denied = [each for each in plans.explained if "permission denied to set role" in each.message]
    for each in [*failed[:3], *denied[:1]]:
        looked.gap(
            f"the plan of {each.command} on {each.table.name}",
            f"EXPLAIN failed ({each.sqlstate}: {each.message})",
            "connect as the application's login (DATABASE_URL)",
        )
    usable = tuple(each for each in plans.explained if each not in denied)
    yield from found(replace(plans, explained=usable), looked.failed)


def ask_pgrls(
    connection: Connection, catalog: Catalog, ours: Sequence[Seen], request: Request, looked: Looked
) -> list[Seen]:
    """What pgrls adds to what our rules found; that it did not run is a gap."""
    if not request.pgrls or not adopted.installed():
        why = "it is not installed" if request.pgrls else "it was not asked (--no-pgrls)"
        looked.gap("the rules that only pgrls has (AU9xx)", why, "pip install 'freehold[audit]'", needed=False)
        return []
    try:
        return list(adopted.merged(ours, list(adopted.ask(connection, catalog))))
    except Exception as error:  # noqa: BLE001 (whatever pgrls stumbles over is a gap, not an end)
        looked.gap("the rules of pgrls", f"it failed ({type(error).__name__})", "freehold audit --no-pgrls")
        return []
