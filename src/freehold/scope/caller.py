"""Whom a scope's statements run as, and for how long: everything that travels before each statement."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from freehold.identity import SETTINGS, Identity
from freehold.scope.compiler import Filter, Reach
from freehold.wire import Step, settings_sql, settings_step


@dataclass(frozen=True)
class Limits:
    """Seconds, > 0: how long a statement may run, wait for a lock, and a transaction may sit idle."""

    statement: float = 30.0
    lock: float = 5.0
    idle: float = 60.0

    def settings(self) -> tuple[tuple[str, int], ...]:
        """PostgreSQL's settings for them, in milliseconds."""
        return (
            ("statement_timeout", _milliseconds(self.statement)),
            ("lock_timeout", _milliseconds(self.lock)),
            ("idle_in_transaction_session_timeout", _milliseconds(self.idle)),
        )


@dataclass(frozen=True, repr=False)
class Caller:
    """An identity, the rows its statements may name, and its limits."""

    identity: Identity
    reach: Reach
    limits: Limits
    owner: str | None = None

    @cached_property
    def step(self) -> Step:
        """The settings as the first statement of an exchange."""
        return settings_step(settings_sql(SETTINGS, self.limits.settings()), self.identity.values)

    @property
    def echo(self) -> tuple[bytes, ...]:
        """What the answer to that statement must repeat."""
        return self.identity.values

    @cached_property
    def filter(self) -> Filter:
        """What is added to the caller's statements."""
        return Filter(self.reach)


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))
