"""Whom a scope's statements run as, and for how long: everything that travels before each statement."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from freehold.identity import Identity
from freehold.scope.compiler import Filter, Reach
from freehold.wire import Step, settings_step


@dataclass(frozen=True)
class Limits:
    """Seconds, > 0: how long a statement may run, wait for a lock, and a transaction may sit idle."""

    statement: float = 30.0
    lock: float = 5.0
    idle: float = 60.0

    def settings(self) -> tuple[tuple[str, str], ...]:
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
    def settings(self) -> tuple[tuple[str, str], ...]:
        """What becomes of the connection until the end of the transaction."""
        return (*self.identity.settings, *self.limits.settings())

    @cached_property
    def step(self) -> Step:
        """The settings as the first statement of an exchange."""
        return settings_step([(name, value.encode()) for name, value in self.settings])

    @cached_property
    def echo(self) -> tuple[bytes, ...]:
        """What the answer to that statement must repeat; limits come back in other units and are left out."""
        return tuple(value.encode() for _, value in self.identity.settings)

    @cached_property
    def filter(self) -> Filter:
        """What is added to the caller's statements."""
        return Filter(self.reach)


def _milliseconds(seconds: float) -> str:
    return str(max(1, round(seconds * 1000)))
