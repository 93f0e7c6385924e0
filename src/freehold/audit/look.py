"""Looking: each surface is read, given to the rules, and what could not be looked at becomes a gap."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from freehold.audit import adopted
from freehold.audit.catalog import CALLERS, Catalog, hosted, observe
from freehold.audit.declared import Declared, declared_models
from freehold.audit.drift import Drift
from freehold.audit.explain import explain
from freehold.audit.finding import Finding
from freehold.audit.found import Found, Gap, Place, Surface
from freehold.audit.matrix import Matrix
from freehold.audit.queries import Queries, uses_of
from freehold.audit.rule import Rule
from freehold.audit.rules import found
from freehold.audit.source import Module, read_sources
from freehold.catalog import Snapshot, read
from freehold.errors import DatabaseError, DeclarationError, FreeholdError, MigrationError
from freehold.migrations.history import load
from freehold.migrations.shadow import Cluster
from freehold.models.load import load_statements
from freehold.server import EmbeddedServer, Endpoints, resolve
from freehold.settings import Settings
from freehold.wire import Connection, connect

Seen = tuple[Rule[Any], Found]
Tell = Callable[[str], None]

_SUPPORTED: Final = range(15, 19)


@dataclass(frozen=True)
class Request:
    """What to look at. ``pgrls``: whether to ask it too; ``matrix``: the file of a proof."""

    settings: Settings
    surfaces: frozenset[Surface]
    sources: tuple[Path, ...] = ()
    matrix: Path | None = None
    pgrls: bool = True


@dataclass
class Looked:
    """What was found, and what was not looked at."""

    seen: dict[tuple[str, str, str], Finding] = field(default_factory=dict[tuple[str, str, str], Finding])
    gaps: list[Gap] = field(default_factory=list[Gap])
    targets: list[str] = field(default_factory=list[str])
    catalog: Catalog | None = None
    declared: Snapshot | None = None
    models: tuple[Declared, ...] = ()
    matrix: Matrix | None = None
    accepted: list[tuple[Finding, str]] = field(default_factory=list[tuple[Finding, str]])

    def add(self, seen: Sequence[Seen], surface: Surface) -> None:
        """Findings of one surface; one that another surface has already is the same finding, seen twice."""
        for rule, each in seen:
            identity = (rule.id, each.subject, each.key)
            before = self.seen.get(identity)
            surfaces = (*(before.surfaces if before else ()), surface)
            placed = each if each.place else replace(each, place=self._place(each.subject, before))
            self.seen[identity] = Finding(rule, placed, tuple(dict.fromkeys(surfaces)))

    def gap(self, what: str, why: str, remedy: str, *, needed: bool = True) -> None:
        """Something was not looked at."""
        gap = Gap(what, why, remedy, needed)
        if gap not in self.gaps:
            self.gaps.append(gap)

    def _place(self, subject: str, before: Finding | None) -> Place | None:
        if before is not None and before.found.place:
            return before.found.place
        table = adopted.table_of_subject(subject)
        return next((model.place for model in self.models if model.name == table), None)


def look(request: Request, tell: Tell = lambda _: None) -> Looked:
    """Looks at every surface that was asked for. Raises `ConfigurationError` (FH802, FH803) for wrong arguments only."""
    looked = Looked()
    if request.matrix is not None:
        looked.matrix = Matrix.load(request.matrix)
    modules = _source(request, looked, tell) if Surface.SOURCE in request.surfaces else ()
    if request.surfaces & {Surface.MODELS, Surface.DATABASE}:
        _models(request, looked, tell)
    if Surface.DATABASE in request.surfaces:
        _database(request, looked, tell)
    _queries(modules, looked)
    if looked.matrix is not None:
        looked.add(list(found(looked.matrix)), Surface.MATRIX)
        for name, reason in looked.matrix.not_proven:
            looked.gap(f"the isolation of {name}", reason, "freehold prove")
    elif Surface.DATABASE in request.surfaces:
        looked.gap(
            "isolation by execution",
            "no matrix was given",
            "freehold prove --json > matrix.json && freehold audit --matrix matrix.json",
            needed=False,
        )
    return looked


def _source(request: Request, looked: Looked, tell: Tell) -> tuple[Module, ...]:
    tell("source")
    modules, gaps = read_sources(request.sources)
    looked.gaps += gaps
    looked.targets.append(f"{len(modules)} source file{'s' * (len(modules) != 1)}")
    if not modules:
        looked.gap(
            "source", "there is no Python file where it was looked for", "freehold audit source --source <folder>"
        )
    for module in modules:
        for rule, each in found(module):
            reason = module.accepted.get((rule.id, each.place.line if each.place else 0))
            if reason is None:
                looked.add([(rule, each)], Surface.SOURCE)
            else:
                looked.accepted.append((Finding(rule, each, (Surface.SOURCE,)), reason))
    return modules


def _models(request: Request, looked: Looked, tell: Tell) -> None:
    asked = Surface.MODELS in request.surfaces
    statements = _statements(request.settings, looked, asked=asked)
    if statements is None:
        _history(request.settings, looked)
        return
    looked.models = declared_models()
    if asked:
        looked.targets.append(f"{len(looked.models)} model{'s' * (len(looked.models) != 1)}")
        for model in looked.models:
            looked.add(list(found(model)), Surface.MODELS)
    tell("models")
    try:
        with EmbeddedServer.start(request.settings.directory / "shadow", durable=False) as server:
            _shadow(Cluster(server.admin_dsn, request.settings.app), statements, request, looked)
    except FreeholdError as error:
        looked.gap("what the models make of a database", _because(error), _hint(error), needed=asked)
        _history(request.settings, looked)


def _statements(settings: Settings, looked: Looked, *, asked: bool) -> tuple[str, ...] | None:
    try:
        return load_statements(settings.models)
    except DeclarationError as error:
        looked.add(list(found(error)), Surface.MODELS)
        looked.gap(
            "every other model", "a model is refused, so none could be loaded", "mend it (AU100), then audit again"
        )
    except FreeholdError as error:
        looked.gap("the models", _because(error), _hint(error), needed=asked)
    return None


def _shadow(cluster: Cluster, statements: Sequence[str], request: Request, looked: Looked) -> None:
    with cluster.database() as shadow:
        shadow.run(statements)
        catalog = observe(shadow.connection, owner=cluster.owner, app=cluster.app, scratch=True)
        looked.declared = catalog.snapshot
        if Surface.MODELS not in request.surfaces:
            return
        looked.catalog = catalog
        seen: list[Seen] = [*found(catalog), *found(explain(shadow.connection, catalog))]
        seen += _pgrls(shadow.connection, catalog, seen, request, looked)
        looked.add(seen, Surface.MODELS)


def _history(settings: Settings, looked: Looked) -> None:
    """What the revisions make is what a database is compared with where there are no models."""
    try:
        looked.declared = load(settings.migrations).facts
    except MigrationError as error:
        looked.gap("the revisions", _because(error), _hint(error))


def _database(request: Request, looked: Looked, tell: Tell) -> None:
    tell("database")
    with _endpoints(request, looked) as endpoints:
        if endpoints is None:
            return
        try:
            with connect(endpoints.owner or endpoints.login) as connection:
                _live(connection, endpoints, request, looked)
        except DatabaseError as error:
            looked.gap("the database", _because(error), _hint(error))


@contextmanager
def _endpoints(request: Request, looked: Looked) -> Generator[Endpoints | None]:
    try:
        endpoints = resolve(request.settings)
    except FreeholdError as error:
        looked.gap("the database", _because(error), _hint(error))
        yield None
        return
    with endpoints:
        yield endpoints


def _live(connection: Connection, endpoints: Endpoints, request: Request, looked: Looked) -> None:
    major, minor = divmod(connection.info.server_version, 10000)
    looked.targets.append(f"database {connection.info.dbname} on PostgreSQL {major}.{minor}")
    settings = request.settings
    owner = connection.info.user if endpoints.owner else f"{settings.app}_owner"
    development = endpoints.server is not None
    catalog = observe(connection, owner=owner, app=settings.app, development=development)
    looked.catalog = catalog
    seen: list[Seen] = list(found(catalog))
    _strange(connection, catalog, major, looked)
    seen += _drift(connection, catalog, looked)
    seen += _explained(endpoints, catalog, looked)
    seen += _pgrls(connection, catalog, seen, request, looked)
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
    yield from found(Drift(replace(catalog, snapshot=live), declared, "models" if looked.models else "revisions"))


def _explained(endpoints: Endpoints, catalog: Catalog, looked: Looked) -> Iterator[Seen]:
    """Plans are made as the caller, which only the application's login can become."""
    if any(name not in catalog.roles for name in CALLERS):
        return
    try:
        with connect(endpoints.login) as login:
            plans = explain(login, catalog)
    except FreeholdError as error:
        looked.gap("plans of callers' statements", _because(error), _hint(error))
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
    yield from found(replace(plans, explained=usable))


def _pgrls(
    connection: Connection, catalog: Catalog, ours: Sequence[Seen], request: Request, looked: Looked
) -> list[Seen]:
    if not request.pgrls or not adopted.installed():
        why = "it is not installed" if request.pgrls else "it was not asked (--no-pgrls)"
        looked.gap("the rules that only pgrls has (AU9xx)", why, "pip install 'freehold[audit]'", needed=False)
        return []
    try:
        return list(adopted.merged(ours, list(adopted.ask(connection, catalog))))
    except Exception as error:  # noqa: BLE001 (whatever pgrls stumbles over is a gap, not an end)
        looked.gap("the rules of pgrls", f"it failed ({type(error).__name__})", "freehold audit --no-pgrls")
        return []


def _queries(modules: Sequence[Module], looked: Looked) -> None:
    uses = uses_of(modules)
    if uses and looked.catalog is None:
        looked.gap(
            f"indexes for {len(uses)} @query functions",
            "neither models nor a database were looked at",
            "freehold audit all",
            needed=False,
        )
    elif looked.catalog is not None:
        looked.add(list(found(Queries(uses, looked.catalog))), Surface.SOURCE)


def _because(error: FreeholdError) -> str:
    return f"{error.code}: {error.message}"


def _hint(error: FreeholdError) -> str:
    return (error.hint or "see its page").splitlines()[0]
