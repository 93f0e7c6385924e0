"""``python -m benchmarks.migration [CASES...]``: making a migration, and finding that there is none to make.

Whole commands in new processes, as people run them, in turns: freehold with and without its proof, Alembic's
autogenerate and, where Node is present, drizzle-kit. The same tables for each: two keys, six columns, an index.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.section import Section
from freehold.server import EmbeddedServer, bootstrap, create_database
from freehold.wire import connect

CASES: Final = ("generate10", "generate100", "generate500", "check500")
_PACKAGES: Final = ("drizzle-kit@0.31", "drizzle-orm@0.45")
_NODE: Final = Path(__file__).parent / "results" / "drizzle-kit"
_SECONDS: Final = 300
_PEERS: Final = ("freehold", "freehold with its proof", "Alembic", "drizzle-kit")
_SECTION: Final = Section(
    "migrations",
    "making a migration for N tables, and finding that there is none to make",
    "Whole commands in new processes, in turns, median. The other two do not prove what they write.",
    ("case", *_PEERS, "rounds"),
)
_HEAD: Final = """from datetime import datetime
from uuid import UUID
from freehold import Col, Model, column, created_at, owner, primary_key, updated_at
"""
_MODEL: Final = """
class Table{n}(Model):
    __tablename__ = "table_{n:03}"
    id: Col[UUID] = primary_key()
    user_id: Col[UUID] = owner()
    title: Col[str] = column(default="")
    count: Col[int] = column(default=0)
    state: Col[str] = column(index=True)
    note: Col[str | None] = column(default=None)
    created_at: Col[datetime] = created_at()
    updated_at: Col[datetime] = updated_at()
"""
_ALEMBIC_HEAD: Final = """from datetime import datetime
from uuid import UUID
from sqlalchemy import DateTime, Index, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
class Base(DeclarativeBase): ...
"""
_ALEMBIC_MODEL: Final = """
class Table{n}(Base):
    __tablename__ = "table_{n:03}"
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(server_default="")
    count: Mapped[int] = mapped_column(server_default="0")
    state: Mapped[str]
    note: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    __table_args__ = (Index("ix_{n}", "user_id", "state"),)
"""
_ENV: Final = """
import os, sys
sys.path.insert(0, ".")
from alembic import context
from sqlalchemy import create_engine
import peer
with create_engine(os.environ["PEER_DSN"]).connect() as connection:
    context.configure(connection=connection, target_metadata=peer.Base.metadata)
    with context.begin_transaction():
        context.run_migrations()
"""
_MAKO: Final = """import sqlalchemy as sa
from alembic import op
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
def upgrade():
    ${upgrades}
def downgrade():
    ${downgrades}
"""
_DRIZZLE_HEAD: Final = """
import { index, integer, pgTable, primaryKey, text, timestamp, uuid } from "drizzle-orm/pg-core";
"""
_DRIZZLE_MODEL: Final = """
export const table{n} = pgTable("table_{n:03}", {{
  userId: uuid("user_id").notNull(), id: uuid("id").notNull(), title: text("title").notNull().default(""),
  count: integer("count").notNull().default(0), state: text("state").notNull(), note: text("note"),
  createdAt: timestamp("created_at", {{ withTimezone: true }}).notNull().defaultNow(),
  updatedAt: timestamp("updated_at", {{ withTimezone: true }}).notNull().defaultNow(),
}}, (t) => [primaryKey({{ columns: [t.userId, t.id] }}), index("ix_{n}").on(t.userId, t.state)]);
"""
_UNPROVEN: Final = """
import sys
import freehold.migrations.generate as generate
generate.prove = lambda *_: ()
from freehold.cli import main
sys.argv = ["freehold", *sys.argv[1:]]
main()
"""


@dataclass(frozen=True)
class Peer:
    """One way to run a case: ``prepare`` undoes the run before, ``command`` is what is timed."""

    name: str
    command: list[str]
    directory: Path
    environment: dict[str, str]
    prepare: Callable[[], None]

    def time(self) -> float:
        """Seconds of one run."""
        self.prepare()
        began = time.perf_counter()
        done = subprocess.run(
            self.command, cwd=self.directory, env=self.environment, capture_output=True, timeout=_SECONDS, check=False
        )
        took = time.perf_counter() - began
        if done.returncode:
            raise RuntimeError(f"{self.name} failed: {done.stdout.decode()[-500:]}{done.stderr.decode()[-1000:]}")
        return took


def main() -> int:
    """The exit code; prints a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.migration", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=" ".join(CASES))
    parser.add_argument("--rounds", type=int, default=5, help="how often the peers take turns")
    options = parser.parse_args()
    if unknown := [case for case in options.cases if not re.fullmatch(r"(generate|check)[1-9]\d{0,3}", case)]:
        parser.error(f"no case {' '.join(unknown)}; there are generateN and checkN, N tables each")
    with tempfile.TemporaryDirectory(prefix="fhm-") as directory, _dsn(Path(directory)) as dsn:
        for case in options.cases or CASES:
            _measure(case, Path(directory) / case, dsn, options.rounds)
    return 0


def _measure(case: str, directory: Path, dsn: Callable[[str], str], rounds: int) -> None:
    number = int(case.removeprefix("generate").removeprefix("check"))
    peers = [*_peers(case, number, directory, dsn)]
    times: dict[str, list[float]] = {peer.name: [] for peer in peers}
    for peer in peers:
        peer.time()  # what is made once: a cluster, caches
    for _ in range(rounds):
        for peer in peers:
            times[peer.name].append(peer.time())
    print(f"\n{case}, seconds: median (best), of {rounds}")
    for name, measured in times.items():
        print(f"  {name:24} {statistics.median(measured):6.2f} ({min(measured):.2f})")
    found = [f"{statistics.median(times[name]):.2f} s" if name in times else "" for name in _PEERS]
    _SECTION.keep({case: (*found, str(rounds))})


def _peers(case: str, number: int, directory: Path, dsn: Callable[[str], str]) -> Iterator[Peer]:
    check = case.startswith("check")
    yield from _freehold(check, number, directory / "freehold")
    yield _alembic(check, number, directory / "alembic", dsn(f"{case}_alembic"))
    if shutil.which("npm"):
        yield _drizzle(check, number, directory / "drizzle")
    else:
        print("drizzle-kit is left out: Node.js is not installed")


def _freehold(check: bool, number: int, directory: Path) -> Iterator[Peer]:
    directory.mkdir(parents=True)
    (directory / "peer.py").write_text(_HEAD + "".join(_MODEL.format(n=n) for n in range(number)))
    environment = {**os.environ, "FREEHOLD_MODELS": "peer", "FREEHOLD_ENV": "test"}
    program = [sys.executable, "-m", "freehold.cli"]
    generate = ["generate", "-m", "all"]
    if check:
        subprocess.run([*program, *generate], cwd=directory, env=environment, check=True, capture_output=True)
        yield Peer("freehold", [*program, "check"], directory, environment, lambda: None)
        yield Peer("freehold check --fresh", [*program, "check", "--fresh"], directory, environment, lambda: None)
        return

    def forget() -> None:
        shutil.rmtree(directory / "migrations", ignore_errors=True)
        shutil.rmtree(directory / ".freehold" / "seen", ignore_errors=True)  # new models are what is measured

    yield Peer("freehold", [sys.executable, "-c", _UNPROVEN, *generate], directory, environment, forget)
    yield Peer("freehold with its proof", [*program, *generate], directory, environment, forget)


def _alembic(check: bool, number: int, directory: Path, dsn: str) -> Peer:
    (directory / "history" / "versions").mkdir(parents=True)
    (directory / "peer.py").write_text(_ALEMBIC_HEAD + "".join(_ALEMBIC_MODEL.format(n=n) for n in range(number)))
    (directory / "alembic.ini").write_text("[alembic]\nscript_location = history\npath_separator = os\n")
    (directory / "history" / "env.py").write_text(_ENV)
    (directory / "history" / "script.py.mako").write_text(_MAKO)
    url = dsn.replace("postgresql://", "postgresql+psycopg://", 1)
    environment = {**os.environ, "PEER_DSN": url}
    program = [sys.executable, "-m", "alembic"]
    revision = [*program, "revision", "--autogenerate", "-m", "all"]
    if check:
        for command in (revision, [*program, "upgrade", "head"]):
            subprocess.run(command, cwd=directory, env=environment, check=True, capture_output=True)
        return Peer("Alembic", [*program, "check"], directory, environment, lambda: None)

    def forget() -> None:
        for path in (directory / "history" / "versions").glob("*.py"):
            path.unlink()

    return Peer("Alembic", revision, directory, environment, forget)


def _drizzle(check: bool, number: int, directory: Path) -> Peer:
    if not (_NODE / "node_modules" / "drizzle-kit").exists():
        _NODE.mkdir(parents=True, exist_ok=True)
        (_NODE / "package.json").write_text('{"private": true, "type": "module"}\n')
        flags = ("--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--silent")
        subprocess.run(["npm", "install", *flags, *_PACKAGES], cwd=_NODE, check=True, timeout=_SECONDS)
    directory.mkdir(parents=True)
    (directory / "node_modules").symlink_to(_NODE / "node_modules")
    (directory / "package.json").write_text('{"private": true, "type": "module"}\n')
    (directory / "schema.ts").write_text(_DRIZZLE_HEAD + "".join(_DRIZZLE_MODEL.format(n=n) for n in range(number)))
    tool = ["node", "node_modules/drizzle-kit/bin.cjs", "generate", "--dialect", "postgresql", "--schema", "schema.ts"]

    def forget() -> None:
        if not check:
            shutil.rmtree(directory / "drizzle", ignore_errors=True)

    return Peer("drizzle-kit", tool, directory, dict(os.environ), forget)


@contextmanager
def _dsn(directory: Path) -> Iterator[Callable[[str], str]]:
    """A server that runs already, for the peer that compares with a database; a new database for each name."""
    with EmbeddedServer.start(directory / "server", durable=False) as server:

        def database(name: str) -> str:
            with connect(server.admin_dsn()) as admin:
                create_database(admin, name)
            with connect(server.admin_dsn(name)) as admin:
                bootstrap(admin, "peer", {"peer_owner": server.password("peer_owner")})
            return server.dsn("peer_owner", name)

        yield database


if __name__ == "__main__":
    sys.exit(main())
