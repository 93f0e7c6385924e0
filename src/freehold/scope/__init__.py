"""Running statements as their caller, in one round trip, on shared connections."""

from freehold.scope.ahead import Ahead
from freehold.scope.caller import Limits
from freehold.scope.change import Assignment, append, set_
from freehold.scope.compiler import with_deleted
from freehold.scope.database import Database
from freehold.scope.query import BoundQuery, Query, query
from freehold.scope.scope import AnonymousScope, Scope, ServiceScope, UserScope
from freehold.wire import PoolSize

__all__ = [
    "Ahead",
    "AnonymousScope",
    "Assignment",
    "BoundQuery",
    "Database",
    "Limits",
    "PoolSize",
    "Query",
    "Scope",
    "ServiceScope",
    "UserScope",
    "append",
    "query",
    "set_",
    "with_deleted",
]
