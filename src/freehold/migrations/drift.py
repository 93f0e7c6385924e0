"""Whether a database is what its history made: before anything is applied, and afterwards."""

from __future__ import annotations

from collections.abc import Sequence

from freehold.catalog import Change, Kind, Snapshot, apart, diff, read
from freehold.errors import Code, LockTimeoutError, MigrationError
from freehold.migrations import ledger
from freehold.migrations.history import History
from freehold.migrations.ledger import Entries
from freehold.migrations.rules.privilege import MAINTAIN
from freehold.wire import Connection

_SHOWN = 10
_MAINTAINED = 17  # the major version that brought the privilege
_HOLDERS = b"""
select distinct l.pid from pg_locks l join pg_database d on d.oid = l.database and d.datname = current_database()
where l.locktype = 'relation' and l.mode = 'AccessExclusiveLock' and l.granted and l.pid <> pg_backend_pid() order by 1
"""


def refuse_drift(connection: Connection, history: History, entries: Entries) -> None:
    """Compares the database with what its own catalog said when the last migration ended; nothing kept, nothing compared.

    In the middle of a revision there is nothing to compare with. Raises `MigrationError`: FH411, FH416.
    """
    if any(entry.finished_at is None or entry.unit < 0 for entry in entries.values()):
        return
    seen = history.seen_by({id_ for id_, _ in entries})
    reached = [revision.id for revision in seen.revisions if (revision.id, 1) in entries]
    kept = ledger.kept_facts(connection, reached[-1]) if reached else None
    if kept is not None:
        _compare(kept, _read(connection), "since the last migration; nothing was applied")


def verify(connection: Connection, history: History) -> None:
    """Compares the database with the facts kept beside the history. Raises `MigrationError`: FH411, FH416.

    Text in facts is as one major version of PostgreSQL prints it: another one's is compared by what there is, and by
    what guards it.
    """
    if history.facts is None:
        return
    found = _read(connection, history.facts.schemas)
    major = connection.info.server_version // 10000
    expected = _knowable(history.facts) if major < _MAINTAINED else history.facts
    _compare(expected, found, "from what its revisions make", exact=str(major) == history.printed_by)


def _knowable(facts: Snapshot) -> Snapshot:
    """Without the one privilege that older servers lack: there ALL is everything else."""
    grants = (Kind.GRANT, Kind.DEFAULT_PRIVILEGE)
    return Snapshot(fact for fact in facts.facts if fact.kind not in grants or fact.key[-1] != MAINTAIN)


def keep(connection: Connection, head: str) -> None:
    """Keeps what the catalog says now, for the next `refuse_drift`."""
    ledger.keep_facts(connection, head, _read(connection))


def _read(connection: Connection, schemas: Sequence[str] | None = None) -> Snapshot:
    """What the catalog says. Raises `MigrationError` (FH416) while somebody keeps a table shut."""
    try:
        return read(connection, owner=connection.info.user, schemas=schemas)
    except LockTimeoutError:
        pids = [str(row[0]) for row in connection.execute(_HOLDERS).fetchall()]
        raise MigrationError(
            Code.UNIT_BLOCKED,
            "The catalog could not be read: a table of it is locked (SQLSTATE 55P03).",
            detail=f"ACCESS EXCLUSIVE locks are held by process {', '.join(pids)}"
            if pids
            else "by a session that has gone",
            hint="When they have ended run the command again; it goes on where it stopped."
            + (f" To end them:{''.join(f' SELECT pg_terminate_backend({pid});' for pid in pids)}" if pids else ""),
        ) from None


def _compare(expected: Snapshot, found: Snapshot, words: str, *, exact: bool = True) -> None:
    """What belongs to other tools and to the host may change as it likes."""
    changes: Sequence[Change] = diff(apart(expected).own, apart(found).own)
    if not exact:
        changes = [
            each for each in changes if each.verb != "alter" or each.altered & {"row_security", "forced", "roles"}
        ]
    if not changes:
        return
    more = f" and {len(changes) - _SHOWN} more" if len(changes) > _SHOWN else ""
    raise MigrationError(
        Code.FACTS_DIFFER,
        f"The database differs {words}.",
        detail="; ".join(map(str, changes[:_SHOWN])) + more,
        hint="Somebody changed it by hand: undo that, or declare it in the models and generate. "
        "To migrate all the same: freehold migrate --no-verify",
    )
