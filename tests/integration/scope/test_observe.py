"""What a database tells of itself: counts, spans, slow statements, plans; never a value."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlalchemy import select, update

from freehold import Database, UserScope, set_
from freehold.errors import DatabaseError
from freehold.scope.executor import TransactionExecutor
from freehold.scope.plan import Call
from freehold.scope.telemetry import OpenTelemetry
from freehold.server import Endpoints
from freehold.wire import PoolSize
from tests.integration.conftest import ALICE
from tests.integration.scope.models import Note, Task

SECRET = "a title nobody may read in a log"


@pytest.fixture
def spans() -> InMemorySpanExporter:
    """Where the spans go."""
    return InMemorySpanExporter()


@pytest.fixture
async def watched(endpoints: Endpoints, size: PoolSize, spans: InMemorySpanExporter) -> AsyncIterator[Database]:
    """A database that traces every call, and finds every statement slow."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    traced = OpenTelemetry(provider)
    async with Database(endpoints.login, size=size, slow=0.0, slow_plans=True, spans=traced) as db:
        yield db


async def test_metrics_are_plain_values(db: Database, alice: UserScope) -> None:
    """Calls, rows, errors and time of each statement, without its values."""
    await alice.insert_all([Task(title=f"{SECRET}{number}") for number in range(3)])
    for _ in range(2):
        await alice.all(select(Task).where(Task.title != SECRET))
    with pytest.raises(DatabaseError):
        await alice.all(select(Task.priority / (Task.priority - Task.priority)))
    metrics = db.metrics()
    assert (metrics.errors, metrics.retries) == (1, 0)
    listed = next(each for each in metrics.statements if each.sql.startswith("SELECT") and each.rows)
    assert (listed.calls, listed.rows, listed.errors) == (2, 6, 0)
    assert 0 < listed.slowest <= listed.seconds
    assert metrics.login is not None
    assert (metrics.login.outstanding, metrics.login.mismatches) == (0, 0)
    assert metrics.login.shared >= 1
    assert SECRET not in repr(metrics)


async def test_spans_name_the_statement_and_never_a_value(watched: Database, spans: InMemorySpanExporter) -> None:
    """One for each call, a batch included, with rows; an error has its code and SQLSTATE."""
    alice = watched.as_user(ALICE)
    await alice.insert(Task(title=SECRET))
    await alice.batch(select(Task), select(Note))
    with pytest.raises(DatabaseError):
        await alice.insert(Task(title=SECRET))
    async with alice.transaction() as tx:
        await tx.update(Task, Task.title == SECRET, set_(Task.priority, 4))
    found = spans.get_finished_spans()
    assert [span.name for span in found] == ["INSERT", "BATCH", "INSERT", "UPDATE"]
    assert [(span.attributes or {}).get("db.response.returned_rows") for span in found] == [1, 1, None, 1]
    assert (found[2].attributes or {}).get("db.response.status_code") == "23505"
    assert all(SECRET not in span.to_json() for span in found)


async def test_slow_statements_are_logged_with_their_plan(watched: Database, caplog: pytest.LogCaptureFixture) -> None:
    """The plan is the caller's: it has the policy in it; neither has a value."""
    caplog.set_level(logging.WARNING, logger="freehold.scope.metric")
    await watched.as_user(ALICE).all(select(Task).where(Task.title == SECRET))
    tasks = list(watched._login._tasks)
    for task in tasks:
        await task
    said = "\n".join(record.getMessage() for record in caplog.records)
    assert "slow: " in said
    assert "the plan of SELECT" in said
    assert "InitPlan" in said
    assert SECRET not in said
    assert ALICE not in said


async def test_a_plan_that_is_refused_is_said_to_be_missing(
    watched: Database, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Why there is none stands in the log, where the plan would."""

    async def refused(executor: TransactionExecutor, _call: Call) -> str:
        return str(await executor.raw("select 1 / 0", ()))

    monkeypatch.setattr(TransactionExecutor, "explain_generic", refused)
    caplog.set_level(logging.WARNING, logger="freehold.scope.metric")
    await watched.as_user(ALICE).all(select(Task))
    for task in list(watched._login._tasks):
        await task
    said = "\n".join(record.getMessage() for record in caplog.records)
    assert "slow: no plan of SELECT" in said
    assert "22012" in said


async def test_explain_runs_as_the_caller(alice: UserScope, bob: UserScope) -> None:
    """The filter and the policy are in the plan; what ANALYZE did is undone, in a transaction too."""
    task = await alice.insert(Task(title="t"))
    plan = await alice.explain(select(Task).where(Task.title == "t"))
    assert ALICE in plan
    assert "current_setting" in plan
    changed = await alice.explain(update(Task).values(priority=9), analyze=True)
    assert "actual" in changed
    async with alice.transaction() as tx:
        await tx.explain(update(Task).values(priority=9), analyze=True)
    assert (await alice.get(Task, task.id)).priority == 0
