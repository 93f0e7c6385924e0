"""The rows and the calls: the same for every peer and every run, so that each answer can be checked.

100,000 rows, 100 for each of 1,000 users. Calls go round many users, as requests do. The last users are the writers:
what is inserted belongs to them, so the lists of the others stay as they are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from benchmarks.case import CASES

COLUMNS: Final = (
    "id",
    "user_id",
    "title",
    "status",
    "priority",
    "starred",
    "notes",
    "created_at",
    "updated_at",
)
USERS: Final = 1000
ROWS_EACH: Final = 100
LISTED: Final = 20
_READERS: Final = 200
_WRITERS: Final = 50
_JOBS: Final = 400
_STATUSES: Final = ("pending", "processing", "completed")
_START: Final = datetime(2020, 1, 1, tzinfo=UTC)
LATER: Final = datetime(2021, 1, 1, tzinfo=UTC)
"""Rows with a later time of creation were inserted by a peer."""


Row = tuple[Any, ...]


@dataclass(frozen=True)
class Job:
    """The arguments of one call: who calls, with which claims, and what about."""

    user: str
    claims: str
    id: str
    title: str


def user_id(user: int) -> UUID:
    """A user's id."""
    return UUID(int=(0xB0 << 120) | (4 << 76) | (2 << 62) | user)


def task_id(user: int, place: int) -> UUID:
    """A task's id: ordered by time, as version 7 is."""
    moment = int(_created(place).timestamp() * 1000)
    return UUID(int=(moment << 80) | (7 << 76) | (2 << 62) | (user << 16) | place)


def row(user: int, place: int) -> Row:
    """The columns of a seeded row."""
    created = _created(place)
    notes = f"A note of two dozen words would not fit here, but this one does: {place}" if place % 3 else None
    return (
        task_id(user, place),
        user_id(user),
        f"Task {place} of user {user}",
        _STATUSES[place % 3],
        place % 5,
        place % 7 == 0,
        notes,
        created,
        created,
    )


def rows() -> Iterator[Row]:
    """Every row, the users mixed as they would be in a table that grew with time."""
    for place in range(ROWS_EACH):
        for user in range(USERS):
            yield row(user, place)


def writers() -> list[UUID]:
    """The users whose tasks come and go."""
    return [user_id(user) for user in range(USERS - _WRITERS, USERS)]


def jobs(case: str) -> list[dict[str, str]]:
    """The calls of a case, which every peer goes through again and again."""
    if case == "stream":
        return [asdict(streamer())]
    writes = CASES[case].writes
    users = range(USERS - _WRITERS, USERS) if writes else range(0, USERS - _WRITERS, (USERS - _WRITERS) // _READERS)
    return [asdict(job(users[number % len(users)], number)) for number in range(_JOBS)]


def job(user: int, number: int) -> Job:
    """The arguments of one call."""
    subject = str(user_id(user))
    claims = {
        "sub": subject,
        "role": "authenticated",
        "aud": "authenticated",
        "email": f"user{user}@example.com",
        "session_id": str(task_id(user, 0)),
    }
    place = (number * 37) % ROWS_EACH
    return Job(subject, json.dumps(claims, separators=(",", ":")), str(task_id(user, place)), f"Written by {number}")


def streamer() -> Job:
    """The call of the user with very many rows."""
    return job(USERS, 0)


def newest(user: int) -> list[Row]:
    """What a list of the 20 newest must give."""
    return [row(user, place) for place in range(ROWS_EACH - 1, ROWS_EACH - 1 - LISTED, -1)]


def plain(values: Row) -> list[Any]:
    """A row as JSON: ids as text, times as milliseconds."""
    return [_plain(value) for value in values]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return round(value.timestamp() * 1000)
    return value if isinstance(value, (int, bool)) or value is None else str(value)


def _created(place: int) -> datetime:
    return _START + timedelta(minutes=place)
