"""The ledger: which units of which revisions a database has, kept in ``freehold.ledger`` in the database itself.

A row with a unit below zero belongs to a revision that is being undone: unit -1 is the first of its way back.
Beside it ``freehold.facts`` keeps what the catalog said when the last migration ended, for the next one to compare.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, cast

from freehold.catalog import Snapshot
from freehold.errors import Code, DatabaseError, MigrationError
from freehold.policies import quote_literal
from freehold.wire import Connection, narrated


@dataclass(frozen=True, slots=True)
class Entry:
    """One unit. ``finished_at`` None: begun and not finished, or failed with ``error``.

    ``cursor`` is the key a batched unit has come to, as JSON, and ``rows`` how many it changed.
    """

    revision: str
    unit: int
    checksum: str
    started_at: datetime
    finished_at: datetime | None
    error: str | None
    cursor: tuple[str, ...] | None = None
    rows: int = 0


Entries: TypeAlias = Mapping[tuple[str, int], Entry]
_Row: TypeAlias = "tuple[str, int, str, datetime, datetime | None, str | None, str | None, int]"

_UNDEFINED = frozenset({"42P01", "3F000"})
_UNPREPARED = frozenset({"3F000", "42501"})
_READ = (
    b"select revision, unit, checksum, started_at, finished_at, error, cursor::text, rows"
    b" from freehold.ledger order by started_at, revision, unit"
)
CREATE = b"""
create table if not exists freehold.ledger (
    revision text not null,
    unit integer not null,
    checksum text not null,
    started_at timestamptz not null default clock_timestamp(),
    finished_at timestamptz,
    error text,
    cursor jsonb,
    rows bigint not null default 0,
    primary key (revision, unit)
);
create table if not exists freehold.facts (
    revision text primary key,
    facts text not null,
    read_at timestamptz not null default clock_timestamp()
);
revoke all on table freehold.ledger, freehold.facts from public, anon, authenticated, service_role;
comment on table freehold.ledger is 'freehold: the units of migrations this database has';
comment on table freehold.facts is 'freehold: what the catalog said when the last migration ended'
"""
_THERE = b"select to_regclass('freehold.ledger') is not null and to_regclass('freehold.facts') is not null"
_BEGUN = """
insert into freehold.ledger (revision, unit, checksum) values (%s, %s, %s)
on conflict (revision, unit) do update
   set checksum = excluded.checksum, started_at = clock_timestamp(), finished_at = null, error = null
"""
_FINISHED = """
update freehold.ledger set finished_at = clock_timestamp(), error = null where revision = %s and unit = %s
"""
_DONE = """
insert into freehold.ledger (revision, unit, checksum, started_at, finished_at)
values ({revision}, {unit}, {checksum}, now(), clock_timestamp())
on conflict (revision, unit) do update
   set checksum = excluded.checksum, started_at = now(), finished_at = clock_timestamp(), error = null
"""
_FAILED = """
insert into freehold.ledger (revision, unit, checksum, error) values (%s, %s, %s, %s)
on conflict (revision, unit) do update
   set checksum = excluded.checksum, finished_at = null, error = excluded.error
"""
_REACHED = "update freehold.ledger set cursor = %s, rows = rows + %s where revision = %s and unit = %s"
_KEEP = """
with gone as (delete from freehold.facts where revision <> %(revision)s)
insert into freehold.facts (revision, facts) values (%(revision)s, %(facts)s)
on conflict (revision) do update set facts = excluded.facts, read_at = clock_timestamp()
"""


def entries(connection: Connection) -> Entries:
    """What the ledger holds, in one round trip; nothing where there is no ledger yet.

    Raises `MigrationError` (FH425) for a login that may not read it; `DatabaseError`.
    """
    try:
        with narrated():
            rows = connection.execute(_READ).fetchall()
    except DatabaseError as error:
        if error.sqlstate in _UNDEFINED:
            return {}
        raise _explained(connection, error) from None
    found = map(_entry, cast("list[_Row]", rows))
    return {(entry.revision, entry.unit): entry for entry in found}


def _entry(row: _Row) -> Entry:
    revision, unit, checksum, started, finished, error, cursor, rows = row
    return Entry(
        revision, unit, checksum, started, finished, error, None if cursor is None else tuple(json.loads(cursor)), rows
    )


def ensure(connection: Connection) -> None:
    """Makes the ledger where there is none. The schema is bootstrap's.

    One that is there is left alone: REVOKE and COMMENT in one transaction can deadlock with a vacuum of the table.
    Raises `MigrationError` (FH425) where nobody prepared the database; `DatabaseError`.
    """
    try:
        with narrated():
            if connection.execute(_THERE).fetchone() != (True,):
                connection.execute(CREATE)
    except DatabaseError as error:
        raise _explained(connection, error) from None


def _explained(connection: Connection, error: DatabaseError) -> Exception:
    if error.sqlstate not in _UNPREPARED:
        return error
    prepared = error.sqlstate == "42501"
    return MigrationError(
        Code.DATABASE_UNPREPARED,
        f"{connection.info.user} may not keep the ledger of migrations in {connection.info.dbname}."
        if prepared
        else f"The database {connection.info.dbname} was not prepared: it has no schema freehold.",
        detail=error.detail,
        hint="OWNER_DATABASE_URL has to name the login that owns the tables, <app>_owner."
        if prepared
        else "ADMIN_DATABASE_URL=postgresql://<superuser>:<password>@<host>:5432/<database> freehold bootstrap",
    )


def begun(connection: Connection, revision: str, unit: int, checksum: str) -> None:
    """Notes that a unit begins; how far batches came before stays."""
    connection.execute(_BEGUN, (revision, unit, checksum))


def finished(connection: Connection, revision: str, unit: int) -> None:
    """Notes that a unit is done."""
    connection.execute(_FINISHED, (revision, unit))


def done_sql(revision: str, unit: int, checksum: str) -> str:
    """The statement that notes a unit as done, for the end of its own transaction."""
    return _DONE.format(revision=quote_literal(revision), unit=unit, checksum=quote_literal(checksum))


def begun_sql(revision: str, unit: int, checksum: str) -> str:
    """The statement that `begun` runs."""
    values = (quote_literal(revision), str(unit), quote_literal(checksum))
    return _BEGUN.replace("%s, %s, %s", ", ".join(values)).strip()


def record(connection: Connection, revision: str, sums: Sequence[str]) -> None:
    """Notes every unit of a revision as done, without running any: ``sums`` are `Script.sums`."""
    with narrated():
        for unit, checksum in enumerate(sums, start=1):
            connection.execute(done_sql(revision, unit, checksum).encode())


def failed(connection: Connection, revision: str, unit: int, checksum: str, error: str) -> None:
    """Keeps why a unit failed."""
    connection.execute(_FAILED, (revision, unit, checksum, error))


def reached(connection: Connection, revision: str, unit: int, cursor: Sequence[str], rows: int) -> None:
    """Notes how far a batched unit came, in the transaction of the batch; ``rows``: how many this batch changed."""
    connection.execute(_REACHED, (json.dumps(cursor), rows, revision, unit))


def forget_sql(revision: str) -> str:
    """The statement that removes a revision that was undone."""
    return f"delete from freehold.ledger where revision = {quote_literal(revision)}"  # noqa: S608 - quoted


def forget(connection: Connection, revision: str) -> None:
    """Removes a revision whose way back has nothing to run."""
    with narrated():
        connection.execute(forget_sql(revision).encode())


def keep_facts(connection: Connection, head: str, facts: Snapshot) -> None:
    """Keeps what the catalog says at ``head``; only the last is kept."""
    with narrated():
        connection.execute(_KEEP, {"revision": head, "facts": facts.to_json()})


def kept_facts(connection: Connection, head: str) -> Snapshot | None:
    """What the catalog said when ``head`` was reached; None where nobody kept it."""
    with narrated():
        row = connection.execute("select facts from freehold.facts where revision = %s", (head,)).fetchone()
    return None if row is None else Snapshot.from_json(str(row[0]))
