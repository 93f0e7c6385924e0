"""A clone to prove on: the real schema without its rows, from the revisions, the models or a database."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from freehold.errors import Code, ConfigurationError, DatabaseError, ServerError
from freehold.migrations import migrate
from freehold.policies import quote_identifier
from freehold.server import bootstrap, create_database, drop_database
from freehold.wire import Connection, connect, narrated
from freehold.wire.connect import parsed

Fill = Callable[["Clone"], None]

_VARIABLES: Final = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
}
_META: Final = re.compile(r"^\\.*$|^SET transaction_timeout = 0;$", re.MULTILINE)
"""What is not for the clone: commands of psql's, and a setting that a new pg_dump writes and PostgreSQL 15 and 16 refuse."""
_NAMED: Final = re.compile(r"(?:OWNER TO|\bTO|\bFROM|FOR ROLE) (\"(?:[^\"]|\"\")+\"|[a-z_][a-z0-9_$]*)(?=[;, ])")


@dataclass(frozen=True)
class Cluster:
    """A server for clones. ``dsn``: role and database -> where it logs in; ``admin``: the same for a superuser."""

    admin: Callable[[str], str]
    dsn: Callable[[str, str], str]
    app: str
    passwords: dict[str, str]


@dataclass(frozen=True)
class Clone:
    """One clone: its name, its superuser, and where its owner and its application log in."""

    name: str
    admin: Connection
    owner_dsn: str
    login_dsn: str
    admin_dsn: str
    app: str


@contextmanager
def clone(cluster: Cluster, fill: Fill) -> Generator[Clone]:
    """A clone with the schema that ``fill`` makes, dropped at the end.

    Raises `ConfigurationError` (FH810) when the server's administrator may not do what a proof needs; and what ``fill``
    raises.
    """
    name = f"freehold_proof_{secrets.token_hex(6)}"
    with connect(cluster.admin("postgres")) as server:
        _require_superuser(server)
        create_database(server, name)
        try:
            with connect(cluster.admin(name)) as admin:
                bootstrap(admin, cluster.app, cluster.passwords)
                made = Clone(
                    name,
                    admin,
                    cluster.dsn(f"{cluster.app}_owner", name),
                    cluster.dsn(cluster.app, name),
                    cluster.admin(name),
                    cluster.app,
                )
                fill(made)
                yield made
        finally:
            drop_database(server, name)


def from_revisions(directory: Path) -> Fill:
    """The schema that the revisions make."""

    def fill(made: Clone) -> None:
        migrate(made.owner_dsn, directory)

    return fill


def from_statements(statements: Sequence[str]) -> Fill:
    """The schema that DDL makes, such as the models'."""

    def fill(made: Clone) -> None:
        with connect(made.owner_dsn) as owner, narrated():
            for statement in statements:
                owner.execute(statement.encode())

    return fill


def from_database(dsn: str, pg_dump: Path) -> Fill:
    """The schema of a live database, without its rows, read by `pg_dump`; the database is not changed.

    Raises `ServerError` (FH811) when it cannot be read or cannot be made again here; `ConnectionLostError` (FH307).
    """

    def fill(made: Clone) -> None:
        connect(dsn).close()  # what is wrong with the URL is no fault of pg_dump's
        dumped = _dumped(dsn, pg_dump)
        with narrated():
            made.admin.execute(b"DROP SCHEMA freehold CASCADE; DROP SCHEMA auth CASCADE; DROP SCHEMA public CASCADE")
            made.admin.execute(b"CREATE SCHEMA public")
        _make_roles(made.admin, dumped)
        try:
            with narrated():
                made.admin.execute(_META.sub("", dumped).encode())
                made.admin.execute(b"RESET ALL")
        except DatabaseError as error:
            raise _unreadable(
                "The schema could not be made again on the clone.", error.detail or error.message
            ) from None

    return fill


def _dumped(dsn: str, pg_dump: Path) -> str:
    command = [str(pg_dump), "--schema-only", "--no-publications", "--no-subscriptions", "--no-tablespaces"]
    parts = parsed(dsn)
    # Not as an argument: those are shown to every account of the machine.
    where = {variable: str(parts[name]) for name, variable in _VARIABLES.items() if parts.get(name)}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=300, env={**os.environ, **where}
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _unreadable("pg_dump could not be run.", type(error).__name__) from None
    if done.returncode:
        raise _unreadable("pg_dump could not read the database's schema.", done.stderr.strip().splitlines()[-1])
    return done.stdout


def _make_roles(admin: Connection, dumped: str) -> None:
    """The roles that the schema names and the clone's server lacks, powerless: only what it says of them counts."""
    present = {str(row[0]) for row in admin.execute(b"select rolname::text from pg_catalog.pg_roles").fetchall()}
    named = {found.strip('"').replace('""', '"') for found in _NAMED.findall(dumped)}
    for role in sorted(named - present - {"PUBLIC", "public"}):
        admin.execute(f"CREATE ROLE {quote_identifier(role)} NOLOGIN".encode())


def _require_superuser(server: Connection) -> None:
    found = server.execute(b"select rolsuper from pg_catalog.pg_roles where rolname = current_user").fetchone()
    if found != (True,):
        raise ConfigurationError(
            Code.PROOF_ADMIN,
            "A proof needs a superuser on the server of the clone: it reads every row and takes guards away.",
            detail="Nothing was looked at.",
            hint="Unset ADMIN_DATABASE_URL to use an embedded server, and --from database to prove a live schema there.",
        )


def _unreadable(message: str, detail: str) -> ServerError:
    return ServerError(
        Code.PROOF_CLONE,
        message,
        detail=detail,
        hint="Prove the revisions instead (--from revisions), or install pg_dump of the server's version or later.",
    )
