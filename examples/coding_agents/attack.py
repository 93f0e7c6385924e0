"""Ada tries to read Grace's task by three routes, on the running demo. Exit code 0 only if all three fail.

Each route has a positive control: by the same route Grace reads the task, so that a failure means something.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any, Final
from urllib.parse import quote

from examples.coding_agents.place import HOST, platform_settings, port, prepare
from examples.coding_agents.report import out, run_program
from freehold.errors import Code, ConfigurationError
from freehold.models import text_id
from freehold.scope import Database
from freehold.server import Endpoints

ATTACKER: Final = "ada"
VICTIM: Final = "grace"

_SQL: Final = "select prompt from public.tasks where id = $1"
_ALL_SQL: Final = "select distinct user_id from public.tasks"


@dataclass(frozen=True)
class Answer:
    """What came back over HTTP."""

    status: int
    text: str

    @property
    def told(self) -> str:
        """Everything but the number that every answer has of its own."""
        document: dict[str, Any] = json.loads(self.text)
        document.pop("request_id", None)
        return json.dumps(document, sort_keys=True)


@dataclass(frozen=True)
class Attempt:
    """One route: what was tried, what came back, whether it failed, and whether the same worked for the owner."""

    route: str
    tried: str
    came_back: str
    control: str
    failed: bool
    control_works: bool


class Person:
    """Somebody who is signed in to the demo."""

    def __init__(self, name: str, port_: int) -> None:
        self.name = name
        self._port = port_
        self._token = ""
        answer = self.ask("POST", "/dev/sign-in", {"user_id": name})
        self._token = json.loads(answer.text)["token"]

    def ask(self, method: str, path: str, body: object = None) -> Answer:
        """A request with this person's token."""
        connection = HTTPConnection(HOST, self._port, timeout=10)
        try:
            headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._token}"}
            if not self._token:
                del headers["Authorization"]
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            return Answer(response.status, response.read().decode())
        except OSError as error:
            raise ConfigurationError(
                Code.CONNECTION_REFUSED,
                f"The demo does not answer at {HOST}:{self._port}.",
                detail=error.strerror,
                hint="Start it in another terminal: make demo (with the same PORT, if you set one)",
            ) from None
        finally:
            connection.close()

    def task(self) -> str:
        """The id of one of this person's tasks."""
        tasks = json.loads(self.ask("GET", "/tasks?limit=1").text)["tasks"]
        found = tasks[0] if tasks else json.loads(self.ask("POST", "/tasks", {"prompt": "A private task"}).text)
        return quote(found["id"])


def main() -> int:
    """Tries the routes and shows what came of each."""
    attacker, victim = Person(ATTACKER, port()), Person(VICTIM, port())
    task = victim.task()
    with prepare(platform_settings()) as endpoints:
        in_sql = asyncio.run(_by_sql(endpoints, task))
    attempts = (_over_http(attacker, victim, task), in_sql, _by_guessing(attacker, victim, task))
    out.print(f"[bold]{ATTACKER}[/] tries to read task [bold]{task}[/] of [bold]{VICTIM}[/]\n")
    for attempt in attempts:
        _show(attempt)
    return 0 if all(each.failed and each.control_works for each in attempts) else 1


def _over_http(attacker: Person, victim: Person, task: str) -> Attempt:
    paths = [f"/tasks/{task}", f"/tasks/{task}/messages", f"/tasks/{task}/logs", f"/tasks/{task}/logs/stream"]
    answers = [attacker.ask("GET", path) for path in paths]
    control = [victim.ask("GET", path) for path in paths[:3]]
    return Attempt(
        "HTTP",
        f"GET {' '.join(paths)} with her own token",
        f"{', '.join(str(each.status) for each in answers)}: {answers[0].told}",
        f"{', '.join(str(each.status) for each in control)}: {json.loads(control[0].text)['prompt']!r}",
        failed=all(each.status == 404 for each in answers),
        control_works=all(each.status == 200 for each in control),
    )


async def _by_sql(endpoints: Endpoints, task: str) -> Attempt:
    """The statement names the row and nothing else: only the policy of PostgreSQL stands in the way."""
    async with Database(endpoints.login) as db:
        rows = await db.as_user(ATTACKER).raw(_SQL, task)
        everything = await db.as_user(ATTACKER).raw(_ALL_SQL)
        control = await db.as_user(VICTIM).raw(_SQL, task)
    return Attempt(
        "raw SQL in her own scope",
        f"{_SQL}; {_ALL_SQL}",
        f"{len(rows)} rows; and {sorted(each for (each,) in everything)}",
        f"{len(control)} row: {control[0][0]!r}" if control else "0 rows",
        failed=not rows and {each for (each,) in everything} <= {ATTACKER},
        control_works=len(control) == 1,
    )


def _by_guessing(attacker: Person, victim: Person, task: str) -> Attempt:
    """An id that exists and one that does not must be answered alike, or guesses would teach something."""
    invented = text_id()
    requests: tuple[Callable[[Person, str], Answer], ...] = (
        lambda person, id_: person.ask("GET", f"/tasks/{id_}"),
        lambda person, id_: person.ask("POST", f"/tasks/{id_}/continue", {"content": "hello"}),
        lambda person, id_: person.ask("POST", f"/tasks/{id_}/stop"),
    )
    pairs = [(request(attacker, task), request(attacker, invented)) for request in requests]
    seen = victim.ask("GET", f"/tasks/{task}"), victim.ask("GET", f"/tasks/{invented}")
    alike = all(real.status == 404 and real.told == other.told for real, other in pairs)
    return Attempt(
        "a guessed id",
        f"GET it, POST a message to go on, POST stop: for {task}, which exists, and for {invented}, which does not",
        f"the same {pairs[0][0].status} for both, to the byte" if alike else f"the answers differ: {pairs}",
        f"{seen[0].status} for the one that exists, {seen[1].status} for the other",
        failed=alike,
        control_works=(seen[0].status, seen[1].status) == (200, 404),
    )


def _show(attempt: Attempt) -> None:
    verdict = "[bold green]failed[/]" if attempt.failed else "[bold red]SUCCEEDED[/]"
    out.print(f"[bold]{attempt.route}[/]: {verdict}")
    control = f"{VICTIM} by the same route" if attempt.control_works else f"{VICTIM} CANNOT EITHER, so it shows nothing"
    for label, text in (("tried", attempt.tried), ("came back", attempt.came_back), (control, attempt.control)):
        out.print(f"  {label}: ", end="", style="dim")
        out.print(text, markup=False)
    out.print()


if __name__ == "__main__":
    run_program("examples.coding_agents.attack", "Show Ada failing to read Grace's task, by three routes.", main)
