"""The built-in runner with real processes: every way a task can end, and who may end it."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from httpx import AsyncClient
from sqlalchemy import select

from examples.coding_agents.claim import AGAIN, INTERRUPTED, Journal, claim_next, entry, take_over
from examples.coding_agents.logs import read_log
from examples.coding_agents.models import Key, LogChunk, Task, TaskMessage
from examples.coding_agents.run import Terms
from examples.coding_agents.runner import SubprocessRunner
from freehold.encryption import Sealed
from freehold.scope import Database, UserScope
from freehold.wire import Connection
from tests.integration.coding_agents.conftest import log_of, messages_of, until

Start = Callable[..., Awaitable[SubprocessRunner]]

TALKS = """
import json, sys
task = json.load(sys.stdin)
print("::command echo", task["prompt"])
print("::progress 40")
print("to stderr", file=sys.stderr)
print("::success Done.")
"""
WAITS = "import time; print('ready'); time.sleep(60)"
STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"])
print(os.getpid(), child.pid)
time.sleep(60)
"""


async def ended(scope: UserScope, task: Task, *statuses: str) -> Task:
    """The task, once it has one of the statuses (and its last word is written)."""

    async def look() -> Task | None:
        found = await scope.get(Task, task.id)
        return found if found.status in statuses and found.completed_at is not None else None

    found: Task = await until(look)
    return found


async def printed(scope: UserScope, task: Task) -> list[str]:
    """The messages in the log, once there are any."""

    async def look() -> list[str]:
        return await messages_of(scope, task)

    messages: list[str] = await until(look)
    return messages


def alive(pid: int) -> bool:
    """Whether the process runs; one that ended and waits for its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


async def test_a_task_goes_from_pending_to_completed(ada: UserScope, running: Start) -> None:
    """What the process prints is the log, in order within a stream, with types and progress."""
    task = await ada.insert(Task(prompt="it"))
    assert task.status == "pending"
    await running(TALKS)
    done = await ended(ada, task, "completed", "error")
    assert (done.status, done.progress, done.error) == ("completed", 100, None)
    assert {(each.type, each.message) for each in await log_of(ada, task)} == {
        ("command", "echo it"),
        ("error", "to stderr"),
        ("success", "Done."),
    }
    assert done.last_heartbeat is not None


async def test_progress_is_seen_while_it_runs(ada: UserScope, running: Start) -> None:
    """Status and progress are there before the end."""
    task = await ada.insert(Task(prompt="it"))
    runner = await running("print('::progress 40'); print('x');" + WAITS)
    await printed(ada, task)
    found = await ada.get(Task, task.id)
    assert (found.status, found.progress, found.completed_at, runner.running) == ("processing", 40, None, 1)


async def test_a_failing_command_is_an_error(ada: UserScope, running: Start) -> None:
    """With its exit code, and with what it said."""
    task = await ada.insert(Task(prompt="it"))
    await running("import sys; print('no', file=sys.stderr); sys.exit(3)")
    failed = await ended(ada, task, "completed", "error")
    assert (failed.status, failed.error) == ("error", "The agent failed: exit code 3.")
    assert await messages_of(ada, task) == ["no", "The agent failed: exit code 3."]


async def test_a_command_that_cannot_start_is_an_error(ada: UserScope, db: Database) -> None:
    """The task does not wait for ever."""
    task = await ada.insert(Task(prompt="it"))
    runner = SubprocessRunner(db, Terms(["/nonexistent/agent"]), poll=0.05)
    await runner.start()
    try:
        assert (await ended(ada, task, "error")).error == "The runner's command could not be started."
    finally:
        await runner.close()


async def test_the_time_limit_ends_a_task(ada: UserScope, running: Start) -> None:
    """After ``max_duration`` minutes, which are short here."""
    task = await ada.insert(Task(prompt="it", max_duration=2))
    await running(WAITS, terms={"minute": 0.3})
    over = await ended(ada, task, "error", "completed")
    assert over.error == "The task was ended: it took longer than 2 minutes."
    assert (over.completed_at - over.created_at).total_seconds() < 5  # type: ignore[operator]


async def test_stop_ends_the_whole_group(ada: UserScope, running: Start, client_of: Callable[..., AsyncClient]) -> None:
    """The process and its child ignore SIGTERM, and are gone after the grace; the log says who stopped it."""
    task = await ada.insert(Task(prompt="it"))
    await running(STUBBORN)
    pids = [int(each) for each in (await printed(ada, task))[0].split()]
    assert all(map(alive, pids))
    answer = await client_of("ada").post(f"/tasks/{task.id}/stop")
    assert answer.json()["status"] == "stopped"
    await ended(ada, task, "stopped")
    assert not any(map(alive, pids))
    assert (await messages_of(ada, task))[-1] == "The task was stopped by its user."


async def test_deleting_a_task_ends_its_process(ada: UserScope, running: Start, as_ada: AsyncClient) -> None:
    """A deleted task does not run on out of sight."""
    task = await ada.insert(Task(prompt="it"))
    await running("import os; print(os.getpid());" + WAITS)
    pid = int((await printed(ada, task))[0])
    assert (await as_ada.delete(f"/tasks/{task.id}")).status_code == 204

    async def gone() -> bool:
        return not alive(pid)

    assert await until(gone)


async def test_children_do_not_outlive_the_command(ada: UserScope, running: Start) -> None:
    """What a finished command left running in its group ends with it, and the task is not kept waiting."""
    task = await ada.insert(Task(prompt="it"))
    await running(
        "import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).pid)"
    )
    await ended(ada, task, "completed")
    assert not alive(int((await messages_of(ada, task))[0]))


async def test_closing_the_runner_gives_its_tasks_back(ada: UserScope, running: Start) -> None:
    """By the time it is closed nothing of them runs, and they wait for the next runner, which runs them to their end."""
    task = await ada.insert(Task(prompt="it"))
    runner = await running("import os; print(os.getpid());" + WAITS)
    pid = int((await printed(ada, task))[0])
    await runner.close()
    found = await ada.get(Task, task.id)
    assert (found.status, found.attempts, alive(pid)) == ("pending", 0, False)
    await running("print('done')")
    await ended(ada, task, "completed")
    assert await messages_of(ada, task) == [str(pid), "ready", AGAIN, "done"]


async def test_a_silent_runners_tasks_are_taken_over(ada: UserScope, db: Database, running: Start) -> None:
    """A task whose runner died is run again and not for ever processing; one that shows life is left alone."""
    lost, lives = await ada.insert(Task(prompt="lost")), await ada.insert(Task(prompt="lives"))
    await claim_next(db)
    await claim_next(db)
    service = db.as_service(reason="test", owner="ada")
    await service.raw("update public.tasks set last_heartbeat = now() - interval '1 minute' where id = $1", lost.id)
    await running(TALKS, terms={"stale": 20.0})
    over = await ended(ada, lost, "error", "completed")
    assert (over.status, over.attempts) == ("completed", 0)
    first, *rest = await messages_of(ada, lost)
    assert first == AGAIN
    assert set(rest) == {"echo lost", "to stderr", "Done."}
    assert (await ada.get(Task, lives.id)).status == "processing"


async def test_a_task_that_ends_every_runner_is_an_error(ada: UserScope, db: Database) -> None:
    """Begun twice without an end, where two is the most: it is not begun again."""
    task = await ada.insert(Task(prompt="it"))
    for expected in ("pending", "error"):
        assert await claim_next(db) is not None
        await take_over(db, -1.0, attempts=2)
        found = await ada.get(Task, task.id)
        assert found.status == expected
    assert (found.error, found.completed_at is not None) == (INTERRUPTED, True)
    assert await messages_of(ada, task) == [AGAIN, INTERRUPTED]


async def test_the_agent_is_told_the_conversation_and_replies(ada: UserScope, running: Start) -> None:
    """What was said before a run is in the task it gets; a reply is a message, and a line of the log."""
    task = await ada.insert(Task(prompt="it"))
    await ada.insert(TaskMessage(task_id=task.id, content="and quickly"))
    await running("import json, sys; print('::reply', json.load(sys.stdin)['messages'])")
    await ended(ada, task, "completed")
    messages = await ada.all(select(TaskMessage).order_by(TaskMessage.created_at))
    reply = "[{'role': 'user', 'content': 'and quickly'}]"
    assert [(each.role, each.content) for each in messages] == [("user", "and quickly"), ("agent", reply)]
    assert await messages_of(ada, task) == [reply]


async def test_an_append_writes_what_is_appended(ada: UserScope, db: Database, admin: Connection) -> None:
    """However long the log is, WAL grows by the new lines and the row of the task, not by what is there."""
    await ada.insert(Task(prompt="it"))
    claim = await claim_next(db)
    assert claim is not None
    journal, line = Journal(db, claim), "x" * 200

    async def written() -> int:
        (before,) = admin.execute("select pg_current_wal_insert_lsn()").fetchone() or ()
        await journal.report([entry("info", line)], 0)
        row = admin.execute("select pg_current_wal_insert_lsn() - %s::pg_lsn", (before,)).fetchone()
        return int(row[0]) if row else 0

    admin.execute("checkpoint")
    await written()  # the first change of a page after a checkpoint has the whole page in it
    early = await written()
    for _ in range(20):
        await journal.report([entry("info", line)] * 500, 0)
    admin.execute("checkpoint")
    # The least of several: pages written whole after the checkpoint, and other tests on the server, only add.
    assert min([await written() for _ in range(4)]) < early + 2000
    assert admin.execute("select log_length from public.tasks").fetchone() == (10_006,)


async def test_a_log_of_the_old_kind_is_read_and_goes_on(ada: UserScope, db: Database, admin: Connection) -> None:
    """Entries in the array come first, are never rewritten, and are numbered with the new ones."""
    task = await ada.insert(Task(prompt="it"))
    old = [entry("info", f"old {n}").model_dump(mode="json") for n in (1, 2, 3)]
    admin.execute("update public.tasks set logs = %s::jsonb", (json.dumps(old),))
    assert await messages_of(ada, task) == ["old 1", "old 2", "old 3"]
    claim = await claim_next(db)
    assert claim is not None
    journal = Journal(db, claim)
    await journal.report([entry("info", "new 4"), entry("info", "new 5")], 0)
    await journal.report([entry("info", "new 6")], 0)
    pages = [await read_log(ada, task.id, after=after, limit=2) for after in range(7)]
    assert [[each.message for each in page.entries] for page in pages] == [
        ["old 1", "old 2"], ["old 2", "old 3"], ["old 3", "new 4"], ["new 4", "new 5"], ["new 5", "new 6"], ["new 6"], [],
    ]  # fmt: skip
    assert {page.total for page in pages} == {6}
    assert len((await ada.get(Task, task.id)).logs) == 3


async def test_a_runner_that_wakes_up_writes_nothing(ada: UserScope, db: Database) -> None:
    """After another claim of the same task, the earlier run can neither report nor end it."""
    await ada.insert(Task(prompt="it"))
    first = await claim_next(db)
    assert first is not None
    service = db.as_service(reason="test", owner="ada")
    await service.raw("update public.tasks set status = 'pending'")
    second = await claim_next(db)
    assert second is not None
    late, current = Journal(db, first), Journal(db, second)
    assert not await late.report([entry("info", "late")], 50)
    assert not await late.end("completed", [], 100, None)
    assert await current.report([entry("info", "current")], 10)
    assert await messages_of(ada, await ada.one(select(Task))) == ["current"]


async def test_a_report_that_is_repeated_doubles_nothing(ada: UserScope, db: Database) -> None:
    """When the answer was lost, the same report is sent again, and the log has it once."""
    await ada.insert(Task(prompt="it"))
    claim = await claim_next(db)
    assert claim is not None
    once, again = Journal(db, claim), Journal(db, claim)
    assert await once.report([entry("info", "a")], 1)
    assert await again.report([entry("info", "a")], 1)
    assert await again.report([entry("info", "b")], 2)
    assert await messages_of(ada, await ada.one(select(Task))) == ["a", "b"]
    assert await ada.all(select(LogChunk.last).order_by(LogChunk.last)) == [1, 2]


async def test_two_runners_run_a_task_once(ada: UserScope, grace: UserScope, running: Start) -> None:
    """Many tasks of two users, two runners with several places each: every task runs exactly once."""
    tasks = await ada.insert_all([Task(prompt=f"{n}") for n in range(10)])
    tasks += await grace.insert_all([Task(prompt=f"{n}") for n in range(10)])
    program = "import json, sys; print('ran', json.load(sys.stdin)['prompt'])"
    await asyncio.gather(running(program, at_once=3), running(program, at_once=3))
    for scope, mine in ((ada, tasks[:10]), (grace, tasks[10:])):
        for task in mine:
            await ended(scope, task, "completed")
            assert await messages_of(scope, task) == [f"ran {task.prompt}"]


async def test_concurrent_claims_never_meet(ada: UserScope, db: Database) -> None:
    """Twelve claims at once of five tasks are five claims, the oldest tasks first for whoever is first."""
    tasks = await ada.insert_all([Task(prompt=f"{n}") for n in range(5)])
    claims = await asyncio.gather(*(claim_next(db) for _ in range(12)))
    assert sorted(each.key.id for each in claims if each is not None) == [each.id for each in tasks]


async def test_a_task_that_another_runner_is_claiming_is_passed_over(
    ada: UserScope, db: Database, admin: Connection
) -> None:
    """A claim waits for nobody's, and does not repeat one that was committed meanwhile."""
    first, second = await ada.insert_all([Task(prompt="first"), Task(prompt="second")])
    with admin.transaction():
        admin.execute("update public.tasks set status = 'processing' where id = %s", (first.id,))
        async with asyncio.timeout(2):
            claim = await claim_next(db)
        assert claim is not None
        assert claim.key.id == second.id
    assert await claim_next(db) is None


@pytest.mark.parametrize("state", ["stopped", "deleted"])
async def test_what_is_stopped_or_deleted_is_not_claimed(
    ada: UserScope, db: Database, as_ada: AsyncClient, state: str
) -> None:
    """Only what is pending is."""
    task = await ada.insert(Task(prompt="it"))
    await (as_ada.post(f"/tasks/{task.id}/stop") if state == "stopped" else as_ada.delete(f"/tasks/{task.id}"))
    assert await claim_next(db) is None
    await ada.insert(Task(prompt="another"))
    assert await claim_next(db) is not None


async def test_secrets_do_not_reach_the_log(ada: UserScope, db: Database, running: Start) -> None:
    """Neither the user's own nor known shapes; the same text from somebody else's keys is no secret here."""
    await db.as_service(reason="test", owner="ada").insert(Key(provider="openai", value=Sealed("my own secret key")))
    await db.as_service(reason="test", owner="grace").insert(Key(provider="openai", value=Sealed("the key of grace")))
    task = await ada.insert(Task(prompt="it"))
    await running("print('my own secret key / the key of grace / a-secret-token-of-the-user / ghp_' + 'a' * 36)")
    await ended(ada, task, "completed")
    assert (await messages_of(ada, task))[0] == "[redacted] / the key of grace / [redacted] / [redacted]"


async def test_the_command_gets_nothing_of_our_environment(
    ada: UserScope, running: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Database URLs and keys of the platform are not the agent's; it starts in an empty directory that goes away."""
    monkeypatch.setenv("SERVICE_DATABASE_URL", "postgresql://secret")
    task = await ada.insert(Task(prompt="it"))
    await running("import os; print(sorted(set(os.environ) - {'LC_CTYPE'})); print(os.getcwd(), os.listdir())")
    await ended(ada, task, "completed")
    environment, place = await messages_of(ada, task)
    assert "DATABASE" not in environment
    directory, rest = place.split(" ", 1)
    assert rest == "[]"
    assert not os.path.exists(directory)  # noqa: ASYNC240, PTH110 - it answers at once


async def test_output_without_end_is_bounded(ada: UserScope, running: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line of megabytes is cut, bytes that are no text are replaced, and lines beyond the bound are not kept."""
    monkeypatch.setattr("examples.coding_agents.run.MOST_ENTRIES", 50)
    program = r"""
import sys
sys.stdout.buffer.write(b"x" * 3_000_000 + b"\n" + b"\xff\x00\x1b[31mred\x1b[0m\n")
for number in range(200):
    print(number)
"""
    task = await ada.insert(Task(prompt="it"))
    await running(program)
    await ended(ada, task, "completed")
    messages = await messages_of(ada, task)
    assert messages[0] == "x" * 2000
    assert messages[1] == "\N{REPLACEMENT CHARACTER}red"
    assert len(messages) == 51
    assert messages[-1] == "More than 50 lines: the rest is not kept."


async def test_lost_connections_lose_and_double_no_line(ada: UserScope, running: Start, admin: Connection) -> None:
    """The server ends the runner's connections again and again while the task runs; the log is whole."""
    task = await ada.insert(Task(prompt="it"))
    await running("import time\nfor number in range(40): print(number); time.sleep(0.05)", terms={"stale": 20.0})
    await printed(ada, task)
    for _ in range(4):
        admin.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where usename = 'fhtest_service' and datname = current_database()"
        )
        await asyncio.sleep(0.4)
    await ended(ada, task, "completed", "error")
    assert await messages_of(ada, task) == [f"{number}" for number in range(40)]


async def test_the_queue_is_found_by_its_index(admin: Connection, ada: UserScope) -> None:
    """Looking for work costs what waits, not what there is."""
    await ada.insert(Task(prompt="it"))
    await ada.insert_all([Task(prompt="done") for _ in range(1000)])
    admin.execute("update public.tasks set status = 'completed' where prompt = 'done'")
    admin.execute("vacuum analyze public.tasks")
    plan = admin.execute(
        "explain select id from public.tasks where status = 'pending' and deleted_at is null order by created_at limit 1"
    ).fetchall()
    assert "ix_tasks_status_created_at_live" in str(plan)
