"""The caller of a read with tags, whose versions travel ahead of the first thing that is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from freehold.actions.context import UserContext
from freehold.scope.ahead import Ahead, ahead_of


@dataclass(frozen=True)
class Reading(UserContext):
    """A `UserContext` that notices who reads past it: what ``db`` gives may be older than the tags' versions."""

    ahead: Ahead

    @classmethod
    def of(cls, context: UserContext, versions: Any, *, skips: bool) -> Self:
        """The same caller, with the statement ``versions`` ahead of the scope's first: see `ahead_of`."""
        scope, ahead = ahead_of(context.scope, versions, skips=skips)
        return cls(context.identity, scope, context.db, context.verified, ahead)

    def __getattribute__(self, name: str) -> Any:
        if name == "db":
            object.__getattribute__(self, "ahead").bypass()
        return object.__getattribute__(self, name)
