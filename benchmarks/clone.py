"""The case ``clone``: a database for each test, freehold's plugin beside pytest-postgresql, same server, same schema.

What a test waits for: the database is there, its login connects, the test's row is written, and the database is given
back. The two take turns, so that a busy machine is busy for both.
"""

from __future__ import annotations

import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import psycopg
from pytest_postgresql.janitor import DatabaseJanitor

from benchmarks.section import Section
from examples.coding_agents.models import User
from freehold.models import schema_statements
from freehold.testing.setup import Setup
from freehold.testing.workshop import Workshop

_TURNS: Final = 40
_ROW: Final = (
    "INSERT INTO users (id, provider, external_id, access_token, username) VALUES ('a', 'github', 'a', 'fh1.u1.', 'a')"
)


_SECTION: Final = Section(
    "clone",
    "a database for each test",
    "From the start of a test until its row is written and its database given back, median of as many turns as said; the "
    "same server and the same schema for both.",
    ("case", "freehold", "pytest-postgresql", "ratio", "turns"),
)


def measure() -> None:
    """Prints the medians and their ratio, and keeps them."""
    with tempfile.TemporaryDirectory(prefix="fhc-") as directory:
        setup = Setup("bench", schema_statements(User.metadata), Path(directory), "models")
        workshop = Workshop.start(Path(directory), setup)
        try:
            ways: dict[str, Callable[[], None]] = {
                "freehold": lambda: _freehold(workshop),
                "pytest-postgresql": lambda: _pytest_postgresql(workshop),
            }
            times: dict[str, list[float]] = {name: [] for name in ways}
            for turn in range(_TURNS + 1):
                for name, way in ways.items():
                    spent = _timed(way)
                    if turn:  # the first one makes what the others find
                        times[name].append(spent)
        finally:
            workshop.stop()
    ours, theirs = (statistics.median(each) for each in times.values())
    _SECTION.keep({"clone": (f"{ours:.1f} ms", f"{theirs:.1f} ms", f"{theirs / ours:.1f} x", str(_TURNS))})
    print(f"clone: freehold {ours:.1f} ms, pytest-postgresql {theirs:.1f} ms: {theirs / ours:.1f} times as fast")


def _timed(way: Callable[[], None]) -> float:
    begun = time.perf_counter()
    way()
    return 1000 * (time.perf_counter() - begun)


def _freehold(workshop: Workshop) -> None:
    with workshop.clone() as endpoints, psycopg.connect(endpoints.service or "", autocommit=True) as connection:
        connection.execute("SET ROLE service_role")
        connection.execute(_ROW)


def _pytest_postgresql(workshop: Workshop) -> None:
    """What its fixture ``postgresql`` does for each test, with a template that was loaded once."""
    parts = urlsplit(workshop.admin_dsn("postgres"))
    where: dict[str, Any] = {"user": parts.username, "password": parts.password}
    where["host"] = parse_qs(parts.query)["host"][0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        janitor = DatabaseJanitor(**where, port=5432, dbname="tests", template_dbname=workshop.template)
        with janitor, psycopg.connect(**where, dbname="tests", autocommit=True) as connection:
            connection.execute(_ROW)


if __name__ == "__main__":
    measure()
