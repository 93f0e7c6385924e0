"""The people who may sign in while this application is developed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Person:
    """Somebody with an account: ``id`` is a UUID, as identity providers give them."""

    id: str
    name: str
    email: str


PEOPLE: Final = (
    Person("0190a000-0000-7000-8000-00000000a11c", "Alice", "alice@example.com"),
    Person("0190a000-0000-7000-8000-000000000b0b", "Bob", "bob@example.com"),
    Person("0190a000-0000-7000-8000-0000000ca201", "Carol", "carol@example.com"),
)
