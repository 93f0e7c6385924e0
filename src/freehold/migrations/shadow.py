"""A shadow: a scratch database beside no data at all, where DDL becomes facts. Never on a target's cluster."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Executor, Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Final

from freehold.catalog import Snapshot, read
from freehold.errors import Code, DatabaseError, MigrationError
from freehold.migrations import memory
from freehold.migrations.script import Script
from freehold.policies import quote_identifier
from freehold.server import bootstrap, create_database, drop_database
from freehold.wire import Connection, StatementFailed, connect, execute_batch, narrated

# Every new relation holds locks until its transaction ends; max_locks_per_transaction bounds them all together.
_BATCH: Final = 300
_INTEGRITY: Final = "23"  # class 23, integrity constraint violation
MOST_TRIED: Final = 2000
"""As many statements as may be tried out in one transaction."""
_BEGIN: Final = ("begin", "set local search_path = public", "set local check_function_bodies = off")


@dataclass(frozen=True)
class Cluster:
    """Where shadows are made. ``admin``: a database's name -> the DSN of a superuser on it; ``app`` names the roles.

    ``EmbeddedServer.admin_dsn`` is such a function.
    """

    admin: Callable[[str], str]
    app: str
    _ahead: list[Future[tuple[ExitStack, Shadow]]] = field(
        default_factory=list["Future[tuple[ExitStack, Shadow]]"], repr=False, compare=False
    )

    @property
    def owner(self) -> str:
        """The role that owns what DDL makes."""
        return f"{self.app}_owner"

    @contextmanager
    def ahead(self, thread: Executor) -> Generator[None]:
        """Has ``thread`` make the first shadow beside what else is done; it is dropped at the end where nobody asked."""
        self._ahead.append(thread.submit(self._opened))
        try:
            yield
        finally:
            for made in self._ahead:
                if made.exception() is None:
                    made.result()[0].close()

    @contextmanager
    def database(self) -> Generator[Shadow]:
        """A new shadow, dropped at the end."""
        stack, shadow = self._ahead.pop().result() if self._ahead else self._opened()
        with stack:
            yield shadow

    def _opened(self) -> tuple[ExitStack, Shadow]:
        stack = ExitStack()
        return stack, stack.enter_context(self._new())

    @contextmanager
    def _new(self) -> Generator[Shadow]:
        name = f"freehold_shadow_{secrets.token_hex(6)}"
        with connect(self.admin("postgres")) as server:
            _create(server, name)
            try:
                with connect(self.admin(name)) as connection:
                    bootstrap(connection, self.app, {})
                    with narrated():
                        connection.execute(f"set role {quote_identifier(self.owner)}".encode())
                    yield Shadow(connection, self.owner)
            finally:
                drop_database(server, name)
                memory.leave(server)


def _create(server: Connection, name: str) -> None:
    """In memory; on disk where that has gone, as it does when another process has just made its last database there."""
    place = memory.tablespace(server)
    try:
        create_database(server, name, tablespace=place)
    except DatabaseError:
        if place is None:
            raise
        create_database(server, name)


@dataclass(frozen=True)
class Shadow:
    """A scratch database, connected to as the owner."""

    connection: Connection
    owner: str

    def run(self, statements: Sequence[str]) -> None:
        """Runs DDL. Raises `MigrationError` (FH415) with the number of the statement PostgreSQL refused."""
        for start in range(0, len(statements), _BATCH):
            self._execute(statements, start, start + _BATCH, ("commit",))

    def apply(self, script: Script) -> None:
        """Runs the units of a script, as applying it does. Raises as `run` does."""
        for unit in script.units:
            if unit.transactional:
                self.run(unit.statements)
                continue
            try:
                for statement in unit.statements:
                    execute_batch(self.connection, (statement,))
            except StatementFailed as failure:
                raise _refused(failure.error, 1, len(unit.statements), unit.statements[0]) from None

    def try_out(self, statements: Sequence[str]) -> Snapshot:
        """The facts that DDL makes here, where it is then taken back. Raises as `run` does."""
        self._execute(statements, 0, len(statements))
        facts = self.facts()
        self.connection.execute(b"rollback")
        return facts

    def _execute(self, statements: Sequence[str], start: int, end: int, after: tuple[str, ...] = ()) -> None:
        """One message for all of them: a round trip for each costs more than most of the statements do."""
        part = statements[start:end]
        try:
            execute_batch(self.connection, (*_BEGIN, *part, *after))
        except StatementFailed as failure:
            place = min(max(failure.place - len(_BEGIN), 1), len(part))
            self.connection.execute(b"rollback")
            raise _refused(failure.error, start + place, len(statements), part[place - 1]) from None

    def facts(self) -> Snapshot:
        """What is there."""
        return read(self.connection, owner=self.owner)

    @property
    def major(self) -> int:
        """The server's major version, which decides how it prints what facts hold."""
        return self.connection.info.server_version // 10000


class RefusedError(MigrationError):
    """A statement that PostgreSQL refused. ``about_rows``: not for what it says, but for rows that are there."""

    about_rows: bool = False


def _refused(error: DatabaseError, place: int, total: int, statement: str) -> RefusedError:
    refused = RefusedError(
        Code.MODELS_REFUSED,
        f"PostgreSQL refused statement {place} of {total} on a scratch database (SQLSTATE {error.sqlstate}).",
        detail=f"{error.detail or error.message} In: {statement.strip().splitlines()[0]}",
        hint="Correct the declaration the statement comes from; nothing was written.",
    )
    refused.about_rows = (error.sqlstate or "").startswith(_INTEGRITY)
    return refused
