"""Three users and what they have, for the demo; putting them in again changes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from examples.coding_agents.documents import LogEntry
from examples.coding_agents.models import Account, ApiToken, Connector, Key, Setting, Task, TaskMessage, User
from freehold.encryption import Sealed
from freehold.models import Model
from freehold.scope import Database


@dataclass(frozen=True)
class Person:
    """Somebody the demo knows. ``prompts``: what of tasks of theirs that ended long ago."""

    id: str
    name: str
    prompts: tuple[str, ...]


PEOPLE: Final = (
    Person("ada", "Ada Lovelace", ("Add a loop to the notes on the engine", "Document the Bernoulli numbers")),
    Person("grace", "Grace Hopper", ("Find the moth in relay 70", "Write the first compiler's release notes")),
    Person("linus", "Linus Torvalds", ("Split the scheduler patch into reviewable pieces",)),
)

_LONG_AGO: Final = datetime(2025, 1, 6, 9, 0, tzinfo=UTC)


async def seed(db: Database) -> None:
    """Puts in what is missing: one round trip if nothing is."""
    service = db.as_service(reason="seed the demo", all_users=True)
    known = await service.one(select(func.count()).select_from(User).where(User.id.in_([each.id for each in PEOPLE])))
    if known == len(PEOPLE):
        return
    async with service.transaction() as transaction:
        for person in PEOPLE:
            for row in _rows(person):
                await transaction.all(_unless_present(row))


def task_of(person: Person, number: int = 0) -> str:
    """The id of one of the person's seeded tasks."""
    return f"demo-task-{person.id}-{number + 1}"


def _rows(person: Person) -> Iterator[Model]:
    user = User(
        provider="github",
        external_id=f"demo-{person.id}",
        access_token=Sealed(f"demo-token-of-{person.id}"),
        username=person.id,
        email=f"{person.id}@example.com",
        name=person.name,
    )
    user.id = person.id
    yield user
    owned: tuple[Any, ...] = (
        Account(
            external_user_id=f"demo-{person.id}", access_token=Sealed(f"demo-token-of-{person.id}"), username=person.id
        ),
        Key(provider="anthropic", value=Sealed(f"demo-key-of-{person.id}")),
        ApiToken(
            name="laptop", token_hash=_hash(f"demo-{person.id}"), token_prefix="fhp_" + person.id, scopes=["tasks:read"]
        ),
        Connector(name="issues", description="The issue tracker", base_url="https://mcp.example.com"),
        Setting(key="theme", value="dark"),
        Setting(key="maxMessagesPerDay", value="50"),
    )
    for row in owned:
        row.id = f"demo-{row.__tablename__}-{person.id}" + (f"-{row.key}" if isinstance(row, Setting) else "")
        row.user_id = person.id
        yield row
    for number, prompt in enumerate(person.prompts):
        yield from _task(person, number, prompt)


def _task(person: Person, number: int, prompt: str) -> Iterator[Model]:
    started = _LONG_AGO + timedelta(hours=number)
    said = ((0, "info", prompt), (40, "command", "pytest -q"), (55, "success", "Done."))
    task = Task(prompt=prompt, title=prompt[:40], repo_url=f"https://example.com/{person.id}/notes.git")
    task.id, task.user_id = task_of(person, number), person.id
    task.status, task.progress = "completed", 100
    task.created_at, task.completed_at = started, started + timedelta(minutes=1)
    task.logs = [
        LogEntry.model_validate({"type": type_, "message": text, "timestamp": started + timedelta(seconds=seconds)})
        for seconds, type_, text in said
    ]
    yield task
    message = TaskMessage(task_id=task.id, content=prompt)
    message.id, message.user_id, message.created_at = f"{task.id}-message-1", person.id, started
    yield message


def _unless_present(row: Model) -> Any:
    """INSERT of what is set on ``row``, unless its key is there."""
    table = type(row)
    values = {
        attribute.key: value
        for attribute in table.__mapper__.column_attrs
        if (value := row.__dict__.get(attribute.key)) is not None
    }
    return insert(table).values(values).on_conflict_do_nothing()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
