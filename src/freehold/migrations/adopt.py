"""Taking over a database that something else made: a first revision that describes it, recorded and not run.

Whoever made it keeps its bookkeeping; `freehold.catalog.apart` knows it. What the models want differently is then an
ordinary revision on top.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from freehold.catalog import OWNER, Apart, Change, Fact, Kind, Snapshot, apart, diff, read
from freehold.errors import Code, MigrationError
from freehold.migrations import drift, ledger
from freehold.migrations.graph import check
from freehold.migrations.history import History, Revision, load
from freehold.migrations.lock import exclusive
from freehold.migrations.progress import Progress, Report, silent
from freehold.migrations.prove import prove
from freehold.migrations.remake import remake
from freehold.migrations.revision import Draft, scripts, write
from freehold.migrations.rules.name import qualified
from freehold.migrations.safety import Permit, sign
from freehold.migrations.script import Script
from freehold.migrations.shadow import Cluster, Shadow
from freehold.policies import quote_identifier
from freehold.wire import Connection, connect, narrated

_SHOWN: Final = 10
_STEPS: Final = 3
_REASON: Final = "it is what was there before freehold"
_ALTERED: Final = {
    Kind.TABLE: "TABLE",
    Kind.SEQUENCE: "SEQUENCE",
    Kind.ENUM: "TYPE",
    Kind.DOMAIN: "DOMAIN",
    Kind.SCHEMA: "SCHEMA",
}


@dataclass(frozen=True)
class Adopted:
    """``recorded``: ids of the revisions that the ledger now has. ``files``: those written, none with a history.

    ``tools``: whose bookkeeping was recognised. ``left``: the names of the facts that are left alone.
    """

    recorded: tuple[str, ...]
    files: tuple[Path, ...]
    tools: tuple[str, ...]
    left: tuple[str, ...]


def adopt(
    dsn: str, directory: Path, cluster: Cluster, message: str = "baseline", report: Report = silent, wait: float = 60.0
) -> Adopted:
    """Records that a database is at a revision, without running one. ``dsn``: the owner's.

    Without a history, the revision is written from the database's facts and proven to make them. With one, it is the
    newest whose facts the database has: the next of several databases finds its place so. Raises `MigrationError`:
    FH402-FH404 for the history, FH409, FH430-FH433.
    """
    history = load(directory)
    check(history)
    with connect(dsn) as connection, exclusive(connection, wait):
        _refuse_tracked(connection)
        told = apart(read(connection, owner=connection.info.user))
        _refuse_others(told.own, connection.info.user)
        major = connection.info.server_version // 10000
        report(Progress("baseline", message, 1, _STEPS))
        files: tuple[Path, ...] = ()
        with cluster.database() as shadow:
            if not history.revisions:
                files = _write(directory, message, told.own, shadow, exact=major == shadow.major)
                history = load(directory)
                reached: Sequence[Revision] = history.revisions
            else:
                reached = _reached(history, told.own, shadow, exact=major == shadow.major)
        report(Progress("baseline", message, 2, _STEPS))
        _record(connection, reached)
        report(Progress("baseline", message, _STEPS, _STEPS))
    return Adopted(tuple(each.id for each in reached), files, told.tools, _left(told))


def ownership_statements(facts: Snapshot, owner: str) -> tuple[str, ...]:
    """The SQL that gives ``owner`` what migrations have to change; run by a superuser, or by who owns it now."""
    own = apart(facts).own
    theirs = [fact for fact in own.facts if _of_another(fact)]
    if not theirs:
        return ()
    role = quote_identifier(owner)
    alter = [f"ALTER {_object(fact)} OWNER TO {role}" for fact in theirs]
    return (f"GRANT {role} TO CURRENT_USER", *alter, f"REVOKE {role} FROM CURRENT_USER")


def give_ownership(admin: str, owner: str) -> int:
    """Runs `ownership_statements` as the login of ``admin``; how many objects changed hands. Raises `DatabaseError`."""
    with connect(admin) as connection:
        statements = ownership_statements(read(connection, owner=owner), owner)
        with narrated(), connection.transaction():
            for statement in statements:
                connection.execute(statement.encode())
    return max(0, len(statements) - 2)


def _refuse_tracked(connection: Connection) -> None:
    entries = ledger.entries(connection)
    if entries:
        names = ", ".join(sorted({entry.revision for entry in entries.values()}))
        raise MigrationError(
            Code.DATABASE_TRACKED,
            f"The database has a ledger already, with {names}.",
            hint="freehold status says where it stands; freehold migrate goes on from there.",
        )


def _refuse_others(own: Snapshot, owner: str) -> None:
    """What the owner does not own it cannot migrate."""
    theirs = [fact.name for fact in own.facts if _of_another(fact)]
    if theirs:
        more = f" and {len(theirs) - _SHOWN} more" if len(theirs) > _SHOWN else ""
        statements = "; ".join(ownership_statements(own, owner))
        raise MigrationError(
            Code.OBJECTS_NOT_OWNED,
            f"{len(theirs)} objects do not belong to {owner}, which has to change them from now on.",
            detail=", ".join(theirs[:_SHOWN]) + more,
            hint="ADMIN_DATABASE_URL=postgresql://... freehold baseline --take-ownership. "
            f"Or run, as a superuser or as who owns them: {statements};",
        )


def _of_another(fact: Fact) -> bool:
    if fact.kind not in {*_ALTERED, Kind.FUNCTION, Kind.VIEW}:
        return False
    if fact.kind is Kind.SEQUENCE and fact.names("owned_by"):
        return False  # it goes with its table
    return fact.get("owner") not in {OWNER, None}


def _object(fact: Fact) -> str:
    if fact.kind is Kind.FUNCTION:
        return f"ROUTINE {qualified(*fact.key[:2])}({fact.key[2]})"
    if fact.kind is Kind.VIEW:
        return f"{'MATERIALIZED VIEW' if fact.text('kind') == 'materialized' else 'VIEW'} {qualified(*fact.key)}"
    return f"{_ALTERED[fact.kind]} {qualified(*fact.key)}"


def _write(directory: Path, message: str, own: Snapshot, shadow: Shadow, *, exact: bool) -> tuple[Path, ...]:
    """The revision that makes the facts of the database out of an empty one, proven to."""
    before = shadow.facts()
    desired = Snapshot([*own.facts, *apart(before).foreign])
    try:
        forth = remake(before, desired)
        if not exact:
            desired = _as_printed(shadow, scripts(forth, Draft(message, ()))[0], desired)
        up, down = scripts(forth, Draft(message, (), f"{desired.hash} {shadow.major}"))
        up = sign(up, dict.fromkeys(Permit, _REASON))
        prove(shadow, up, down, before, desired)
    except MigrationError as error:
        raise MigrationError(
            Code.BASELINE_IMPOSSIBLE,
            "A scratch server cannot be made like this database, so a baseline would not be true.",
            detail=f"{error.message} {error.detail or ''}".strip(),
            hint="Drop what is named there, or move it into a schema that belongs to another role, and try again.",
        ) from None
    return write(directory, message, up, down, desired)


def _as_printed(shadow: Shadow, up: Script, desired: Snapshot) -> Snapshot:
    """The facts as the scratch server prints them, where the database's server is of another version."""
    tried = shadow.try_out(up.statements)
    gone = [change for change in diff(desired, tried) if change.verb != "alter"]
    if gone:
        raise MigrationError(
            Code.PROOF_FAILED, "Another version of PostgreSQL makes something else of it.", detail=_listed(gone)
        )
    return tried


def _reached(history: History, own: Snapshot, shadow: Shadow, *, exact: bool) -> Sequence[Revision]:
    """The revisions up to the newest one whose facts the database has."""
    found: int | None = None
    closest: tuple[Change, ...] | None = None
    for place, revision in enumerate(history.revisions, start=1):
        shadow.apply(revision.up)
        changes = diff(apart(shadow.facts()).own, own)
        if not exact:
            changes = tuple(change for change in changes if change.verb != "alter")
        if not changes:
            found = place
        if closest is None or len(changes) <= len(closest):
            closest = changes
    if found is None:
        raise MigrationError(
            Code.BASELINE_DIFFERS,
            "The database is not what any revision of the history made.",
            detail=f"The closest one differs in: {_listed(closest or ())}",
            hint="Make these differences good in the database, or begin another history: FREEHOLD_MIGRATIONS=<new folder> "
            "freehold baseline",
        )
    return history.revisions[:found]


def _record(connection: Connection, reached: Sequence[Revision]) -> None:
    ledger.ensure(connection)
    with connection.transaction():
        for revision in reached:
            ledger.record(connection, revision.id, revision.up.sums)
    if reached:
        drift.keep(connection, reached[-1].id)


def _left(told: Apart) -> tuple[str, ...]:
    """The names of what is left alone: of a schema that is another's, the schema alone."""
    whole = {fact.key[0] for fact in told.foreign if fact.kind is Kind.SCHEMA}
    shown = (fact for fact in told.foreign if fact.kind is Kind.SCHEMA or not whole & set(fact.key[:2]))
    return tuple(fact.name for fact in shown if fact.key[:2] != ("schema", "public"))


def _listed(changes: Sequence[Change]) -> str:
    more = f" and {len(changes) - _SHOWN} more" if len(changes) > _SHOWN else ""
    return "; ".join(map(str, changes[:_SHOWN])) + more
