"""Whom a scope's statements run as, and for how long: everything that travels before each statement."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from freehold.identity import SETTINGS, Identity
from freehold.scope.compiler import Filter, Reach
from freehold.wire import Step, settings_sql, settings_step


@dataclass(frozen=True)
class Limits:
    """Seconds, > 0: how long a statement may run, wait for a lock, and a transaction may sit idle."""

    statement: float = 30.0
    lock: float = 5.0
    idle: float = 60.0

    @cached_property
    def sql(self) -> bytes:
        """The statement that makes a connection a caller with these limits."""
        return settings_sql(SETTINGS, self.settings())

    def settings(self) -> tuple[tuple[str, int], ...]:
        """PostgreSQL's settings for them, in milliseconds."""
        return (
            ("statement_timeout", _milliseconds(self.statement)),
            ("lock_timeout", _milliseconds(self.lock)),
            ("idle_in_transaction_session_timeout", _milliseconds(self.idle)),
        )


_FILTERS: Final = {reach: Filter(reach) for reach in Reach}


@dataclass(repr=False, slots=True)
class Caller:
    """An identity, the rows its statements may name, and its limits.

    A value like any other, and not frozen only because one is made for every request, which freezing makes slower.
    """

    identity: Identity
    reach: Reach
    limits: Limits
    owner: str | None = None

    @property
    def step(self) -> Step:
        """The settings as the first statement of an exchange."""
        return settings_step(self.limits.sql, self.identity.values)

    @property
    def echo(self) -> tuple[bytes, ...]:
        """What the answer to that statement must repeat."""
        return self.identity.values

    @property
    def filter(self) -> Filter:
        """What is added to the caller's statements."""
        return _FILTERS[self.reach]


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))
