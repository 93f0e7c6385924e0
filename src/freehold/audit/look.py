"""Looking: each surface is read, given to the rules, and what could not be looked at becomes a gap."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from freehold.audit.catalog import observe
from freehold.audit.declared import declared_models, secrets_of
from freehold.audit.definer import Definers
from freehold.audit.explain import explain
from freehold.audit.finding import Finding
from freehold.audit.found import Surface
from freehold.audit.live import ask_pgrls, look_at
from freehold.audit.looked import Looked, Request, Seen, Tell
from freehold.audit.matrix import Matrix
from freehold.audit.queries import Queries, uses_of
from freehold.audit.revised import revisions
from freehold.audit.rules import found
from freehold.audit.source import Module, read_sources
from freehold.errors import DatabaseError, DeclarationError, FreeholdError, MigrationError
from freehold.migrations.history import load
from freehold.migrations.shadow import Cluster
from freehold.migrations.squawk import unparsable
from freehold.models.load import declared_tables, load_statements
from freehold.server import EmbeddedServer, Endpoints, resolve
from freehold.settings import Settings
from freehold.wire import connect


def look(request: Request, tell: Tell = lambda _: None) -> Looked:
    """Looks at every surface that was asked for. Raises `ConfigurationError` (FH802, FH803) for wrong arguments only."""
    looked = Looked()
    if request.matrix is not None:
        looked.matrix = Matrix.load(request.matrix)
    modules = _source(request, looked, tell) if Surface.SOURCE in request.surfaces else ()
    if Surface.SOURCE in request.surfaces:
        _revisions(request.settings, looked)
    if request.surfaces & {Surface.MODELS, Surface.DATABASE}:
        _models(request, looked, tell)
    if Surface.DATABASE in request.surfaces:
        _database(request, looked, tell)
    _queries(modules, looked)
    if looked.matrix is not None:
        looked.add(list(found(looked.matrix, looked.failed)), Surface.MATRIX)
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
        for rule, each in found(module, looked.failed):
            reason = module.accepted.get((rule.id, each.place.line if each.place else 0))
            if reason is None:
                looked.add([(rule, each)], Surface.SOURCE)
            else:
                looked.accepted.append((Finding(rule, each, (Surface.SOURCE,)), reason))
    return modules


def _revisions(settings: Settings, looked: Looked) -> None:
    """The revisions as text."""
    try:
        read = list(revisions(settings.migrations))
        broken = unparsable(each.script for each in read)
    except MigrationError as error:
        looked.add(list(found(error)), Surface.SOURCE)
        looked.missed("the revisions", error)
        return
    for line in broken:
        looked.gap("the revisions", f"this is no SQL: {line}", "correct it, then: freehold repair && freehold check")
    if read:
        looked.targets.append(f"{len(read)} revision{'s' * (len(read) != 1)}")
    for each in read:
        looked.add(list(found(each, looked.failed)), Surface.SOURCE)


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
            looked.add(list(found(model, looked.failed)), Surface.MODELS)
    tell("models")
    try:
        with EmbeddedServer.start(request.settings.directory / "shadow", durable=False) as server:
            _shadow(Cluster(server.admin_dsn, request.settings.app), statements, request, looked)
    except FreeholdError as error:
        looked.missed("what the models make of a database", error, needed=asked)
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
        looked.missed("the models", error, needed=asked)
    return None


def _shadow(cluster: Cluster, statements: Sequence[str], request: Request, looked: Looked) -> None:
    with cluster.database() as shadow:
        shadow.run(statements)
        catalog = observe(shadow.connection, owner=cluster.owner, app=cluster.app, scratch=True)
        looked.declared = catalog.snapshot
        looked.definers = Definers.of(declared_tables(), catalog.snapshot)
        looked.secrets = secrets_of(declared_tables())
        catalog = replace(catalog, definers=looked.definers, secrets=looked.secrets)
        if Surface.MODELS not in request.surfaces:
            return
        looked.catalog = catalog
        seen: list[Seen] = [*found(catalog, looked.failed), *found(explain(shadow.connection, catalog), looked.failed)]
        seen += ask_pgrls(shadow.connection, catalog, seen, request, looked)
        looked.add(seen, Surface.MODELS)


def _history(settings: Settings, looked: Looked) -> None:
    """What the revisions make is what a database is compared with where there are no models."""
    try:
        looked.declared = load(settings.migrations).facts
    except MigrationError as error:
        looked.missed("the revisions", error)


def _database(request: Request, looked: Looked, tell: Tell) -> None:
    tell("database")
    with _endpoints(request, looked) as endpoints:
        if endpoints is None:
            return
        try:
            with connect(endpoints.owner or endpoints.login) as connection:
                look_at(connection, endpoints, request, looked)
        except DatabaseError as error:
            looked.missed("the database", error)


@contextmanager
def _endpoints(request: Request, looked: Looked) -> Generator[Endpoints | None]:
    try:
        endpoints = resolve(request.settings)
    except FreeholdError as error:
        looked.missed("the database", error)
        yield None
        return
    with endpoints:
        yield endpoints


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
        looked.add(list(found(Queries(uses, looked.catalog), looked.failed)), Surface.SOURCE)
