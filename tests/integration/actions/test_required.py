"""Tables of the library that are not in the database: said when the application starts, or in the log."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from fastapi import FastAPI

from freehold import Database
from freehold.actions import install, router
from freehold.auth import DevelopmentSessions
from freehold.errors import Code, ConfigurationError
from freehold.limits.tables import metadata as counted
from freehold.server import Endpoints
from freehold.wire import Connection
from tests.cluster import Cluster
from tests.integration.actions.board import Base, create, create_app, get, titles
from tests.integration.actions.conftest import opened
from tests.integration.conftest import ALICE


@pytest.fixture
def endpoints(cluster: Cluster) -> Iterator[Endpoints]:
    """A database with the tables of the board, and none of those its actions need."""
    with cluster.clone(cluster.template("bare_board", metadata=Base.metadata)) as endpoints:
        yield endpoints


async def _started(app: FastAPI) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        async with app.router.lifespan_context(app):
            pass
    assert caught.value.code is Code.TABLE_ABSENT
    return caught.value


async def test_an_application_without_its_tables_does_not_start(
    db: Database, sessions: DevelopmentSessions, admin: Connection
) -> None:
    """It says what is missing and what to write; the functions that come with a table are part of it."""
    error = await _started(create_app(db, sessions.verify))
    assert error.message == (
        "The database lacks freehold_daily_uses, freehold_burst_uses, freehold_tags, freehold_idempotency_keys."
    )
    assert "from freehold.limits.tables import DailyUse as DailyUse; " in str(error.hint)
    for table in counted.tables:
        admin.execute(f"create table {table} ()".encode())
    app = FastAPI()
    install(app, db=db, verify=sessions.verify, cookie="c")
    app.include_router(router(create))
    assert "freehold_daily_uses" in (await _started(app)).message


async def test_an_application_that_needs_none_starts(db: Database, sessions: DevelopmentSessions) -> None:
    """Actions without limits, tags and keys have no tables; nor is one that is not installed asked."""
    app, bare = FastAPI(), FastAPI()
    install(app, db=db, verify=sessions.verify, cookie="c")
    app.include_router(router(titles))
    bare.include_router(router(get))
    for each in (app, bare):
        async with each.router.lifespan_context(each):
            pass


async def test_a_database_that_is_away_may_have_them(
    sessions: DevelopmentSessions, caplog: pytest.LogCaptureFixture
) -> None:
    """So the application starts, and answers 503 until it is there."""
    app = FastAPI()
    install(app, db=Database("postgresql://a:b@/c?host=/nowhere"), verify=sessions.verify, cookie="c")
    app.include_router(router(get))
    async with app.router.lifespan_context(app):
        assert "FH307" in caplog.text


async def test_the_log_says_it_at_the_first_use(
    db: Database, sessions: DevelopmentSessions, caplog: pytest.LogCaptureFixture
) -> None:
    """For whoever has no lifespan: the caller gets an opaque 500, the log the code and what to do."""
    app = FastAPI()
    install(app, db=db, verify=sessions.verify, cookie="c")
    app.include_router(router(get, titles))
    async with opened(app, sessions.issue(ALICE)) as client:
        assert (await client.get("/titles")).status_code == 200
        with caplog.at_level(logging.ERROR):
            answer = await client.get("/cards/0190a1b2-0000-7000-8000-00000000a11c")
    assert (answer.status_code, answer.json().get("code")) == (500, None)
    assert "FH614" in caplog.text
    assert "freehold generate" in caplog.text
    assert "42P01" in caplog.text
