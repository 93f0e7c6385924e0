"""Running statements as their caller, in one round trip, on shared connections."""

from freehold.scope.caller import Limits
from freehold.scope.change import Assignment, append, set_
from freehold.scope.database import Database
from freehold.scope.plan import with_deleted
from freehold.scope.scope import AnonymousScope, Scope, ServiceScope, UserScope

__all__ = [
    "AnonymousScope",
    "Assignment",
    "Database",
    "Limits",
    "Scope",
    "ServiceScope",
    "UserScope",
    "append",
    "set_",
    "with_deleted",
]
